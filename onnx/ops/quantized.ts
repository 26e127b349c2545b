/**
 * Matrix products with weights of few bits.
 *
 * Those outside of ONNX's own set are ONNX Runtime's
 * (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md).
 * @module
 */
import { formatShape } from "../dims.ts";
import { emit, emitOne, GraphError, type Value } from "../value.ts";

/** A tensor as whole numbers: x ≈ scale·(values − zero). */
export interface Quantized {
  /** uint8, of the tensor's shape. */
  readonly values: Value;
  /** float32 []. */
  readonly scale: Value;
  /** uint8 []. */
  readonly zero: Value;
}

/**
 * Rounds a tensor to 256 steps between its lowest and its highest number, zero being one of them:
 * scale = (max(x, 0) − min(x, 0)) / 255, zero = round(−min(x, 0) / scale), values = clamp(round(x / scale) + zero, 0, 255).
 */
export function dynamicQuantizeLinear(x: Value): Quantized {
  const [values, scale, zero] = emit("DynamicQuantizeLinear", [x], {
    outputs: [["uint8", x.shape], ["float32", []], ["uint8", []]],
  });
  return { values: values!, scale: scale!, zero: zero! };
}

/**
 * a·b in whole numbers, then scaled: scaleₐ·scale_b·((a − zeroₐ)·b) + bias.
 *
 * @param a uint8 [m, k]
 * @param b.values int8 [k, n]
 * @param b.scales float32 [n], one a column
 */
export function matMulIntegerToFloat(
  a: Quantized,
  b: { values: Value; scales: Value },
  { bias }: { bias?: Value | undefined } = {},
): Value {
  const [rows, weight] = [a.values, b.values];
  if (rows.rank !== 2 || weight.rank !== 2 || rows.dim(1) !== weight.dim(0) || b.scales.dim(0) !== weight.dim(1)) {
    throw new GraphError(
      `MatMulIntegerToFloat: Expected [m, k] × [k, n] and n scales but found ${formatShape(rows.shape)} × ` +
        `${formatShape(weight.shape)} and ${formatShape(b.scales.shape)}`,
    );
  }
  return emitOne("MatMulIntegerToFloat", [rows, weight, a.scale, b.scales, a.zero, undefined, bias], {
    dtype: "float32",
    shape: [rows.dim(0), weight.dim(1)],
    domain: "com.microsoft",
  });
}

/**
 * a·bᵀ + bias with b in blocks of numbers that share a scale: of `bits` bits each, with 2^(bits − 1) added.
 *
 * @param a float32 [m, k]
 * @param b.values uint8 [n, k / block, block·bits / 8]; of two numbers in a byte the first is in its lower half
 * @param b.scales float32 [n·k / block]
 */
export function matMulNBits(
  a: Value,
  b: { values: Value; scales: Value },
  { bits, block, bias }: { bits: 4 | 8; block: number; bias?: Value | undefined },
): Value {
  const [n, blocks, bytes] = [b.values.size(0), b.values.size(1), b.values.size(2)];
  if (a.rank !== 2 || a.size(1) !== blocks * block || bytes !== block * bits / 8 || b.scales.size(0) !== n * blocks) {
    throw new GraphError(
      `MatMulNBits: Expected [m, k] × [n, k/${block}, ${block * bits / 8}] and n·k/${block} scales but found ` +
        `${formatShape(a.shape)} × ${formatShape(b.values.shape)} and ${formatShape(b.scales.shape)}`,
    );
  }
  return emitOne("MatMulNBits", [a, b.values, b.scales, undefined, undefined, bias], {
    dtype: "float32",
    shape: [a.dim(0), n],
    domain: "com.microsoft",
    // Level 4 rounds the rows to 8 bits, block by block, and multiplies whole numbers.
    attributes: {
      K: BigInt(a.size(1)),
      N: BigInt(n),
      bits: BigInt(bits),
      block_size: BigInt(block),
      accuracy_level: 4n,
    },
  });
}
