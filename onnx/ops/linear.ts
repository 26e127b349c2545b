/**
 * Matrix products and convolutions: where the floating-point operations are.
 *
 * Named after their ONNX operators (https://onnx.ai/onnx/operators/).
 * @module
 */
import { broadcast, formatShape } from "../dims.ts";
import { emitOne, GraphError, type Value } from "../value.ts";

/** a·b over the last two axes, broadcasting the others: [..., m, k] × [..., k, n] → [..., m, n]. */
export function matMul(a: Value, b: Value): Value {
  const lead = a.rank >= 2 && b.rank >= 2 && broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (!lead || a.dim(-1) !== b.dim(-2)) {
    throw new GraphError(
      `MatMul: Expected [..., m, k] × [..., k, n] but found ${formatShape(a.shape)} × ${formatShape(b.shape)}`,
    );
  }
  return emitOne("MatMul", [a, b], { dtype: a.dtype, shape: [...lead, a.dim(-2), b.dim(-1)] });
}

/**
 * a·bᵀ + bias: [m, k] × [n, k] (as `torch.nn.Linear` keeps its weight) → [m, n]; the bias is [n].
 *
 * `transposeA` takes `a` as [k, m], and `transposeB: false` takes `b` as [k, n].
 */
export function gemm(
  a: Value,
  b: Value,
  { bias, transposeA = false, transposeB = true }: {
    bias?: Value | undefined;
    transposeA?: boolean;
    transposeB?: boolean;
  } = {},
): Value {
  const [m, k] = transposeA ? [1, 0] : [0, 1];
  const [n, l] = transposeB ? [0, 1] : [1, 0];
  if (a.rank !== 2 || b.rank !== 2 || a.dim(k) !== b.dim(l)) {
    const [left, right] = [transposeA ? "[k, m]ᵀ" : "[m, k]", transposeB ? "[n, k]ᵀ" : "[k, n]"];
    throw new GraphError(
      `Gemm: Expected ${left} × ${right} but found ${formatShape(a.shape)}${transposeA ? "ᵀ" : ""} × ` +
        `${formatShape(b.shape)}${transposeB ? "ᵀ" : ""}`,
    );
  }
  if (bias && (bias.rank !== 1 || bias.dim(0) !== b.dim(n))) {
    throw new GraphError(`Gemm: Expected a bias [${b.dim(n)}] but found ${formatShape(bias.shape)}`);
  }
  return emitOne("Gemm", bias ? [a, b, bias] : [a, b], {
    dtype: a.dtype,
    shape: [a.dim(m), b.dim(n)],
    attributes: { ...(transposeA ? { transA: 1n } : {}), ...(transposeB ? { transB: 1n } : {}) },
  });
}

/** Options of a two-dimensional convolution; the same number serves both axes. */
export interface ConvOptions {
  /** Added to each channel of the result, [channels]. */
  bias?: Value | undefined;
  /** Pixels from one window to the next. Default 1. */
  stride?: number;
  /** Zeros added on each side. Default 0. */
  padding?: number;
  /** Blocks of channels that do not see each other; as many as channels is depthwise. Default 1. */
  groups?: number;
}

function square(value: number): [bigint, bigint] {
  return [BigInt(value), BigInt(value)];
}

/** A bias is [channels]; stride, padding and groups are whole, and a side of the result is at least 1. */
function checkConv(op: string, { bias, channels, sides, stride = 1, padding = 0, groups = 1 }: ConvOptions & {
  channels: number;
  sides: readonly number[];
}): void {
  if (
    ![stride, groups].every((value) => Number.isSafeInteger(value) && value > 0) ||
    !(Number.isSafeInteger(padding) && padding >= 0)
  ) {
    throw new GraphError(
      `${op}: Expected whole stride > 0, padding >= 0 and groups > 0 but found ${stride}, ${padding} and ${groups}`,
    );
  }
  if (bias && (bias.rank !== 1 || bias.dim(0) !== channels)) {
    throw new GraphError(`${op}: Expected a bias [${channels}] but found ${formatShape(bias.shape)}`);
  }
  if (sides.some((side) => side < 1)) {
    throw new GraphError(
      `${op}: Expected a picture of at least the kernel's size but found a result ${sides.join(" × ")}`,
    );
  }
}

function convAttributes(weight: Value, { stride = 1, padding = 0, groups = 1 }: ConvOptions) {
  return {
    kernel_shape: [BigInt(weight.size(2)), BigInt(weight.size(3))],
    strides: square(stride),
    pads: [...square(padding), ...square(padding)],
    group: BigInt(groups),
  };
}

/** Convolution in NCHW: x [b, c, h, w], weight [o, c/groups, kh, kw] → [b, o, h', w']. */
export function conv(x: Value, weight: Value, options: ConvOptions = {}): Value {
  const { stride = 1, padding = 0, groups = 1, bias } = options;
  if (x.rank !== 4 || weight.rank !== 4 || x.size(1) !== weight.size(1) * groups || weight.size(0) % groups !== 0) {
    throw new GraphError(
      `Conv: Expected x [b, c, h, w] and a weight [o, c/${groups}, kh, kw] but found ${formatShape(x.shape)} and ` +
        formatShape(weight.shape),
    );
  }
  const sides = [2, 3].map((axis) => Math.floor((x.size(axis) + 2 * padding - weight.size(axis)) / stride) + 1);
  checkConv("Conv", { ...options, channels: weight.size(0), sides });
  return emitOne("Conv", bias ? [x, weight, bias] : [x, weight], {
    dtype: x.dtype,
    shape: [x.dim(0), weight.dim(0), ...sides],
    attributes: convAttributes(weight, options),
  });
}

/**
 * Transposed convolution in NCHW: x [b, c, h, w], weight [c, o/groups, kh, kw] → [b, o, (h−1)·stride − 2·padding + kh, …].
 *
 * `outputPadding` adds rows and columns at the end, which a strided convolution of the same kernel leaves out.
 */
export function convTranspose(
  x: Value,
  weight: Value,
  options: ConvOptions & { outputPadding?: readonly [number, number] } = {},
): Value {
  const { stride = 1, padding = 0, groups = 1, bias, outputPadding = [0, 0] } = options;
  if (x.rank !== 4 || weight.rank !== 4 || x.size(1) !== weight.size(0) || x.size(1) % groups !== 0) {
    throw new GraphError(
      `ConvTranspose: Expected x [b, c, h, w] and a weight [c, o, kh, kw] but found ${formatShape(x.shape)} and ` +
        formatShape(weight.shape),
    );
  }
  const side = (axis: 2 | 3) =>
    (x.size(axis) - 1) * stride - 2 * padding + weight.size(axis) + outputPadding[axis - 2]!;
  checkConv("ConvTranspose", { ...options, channels: weight.size(1) * groups, sides: [side(2), side(3)] });
  return emitOne("ConvTranspose", bias ? [x, weight, bias] : [x, weight], {
    dtype: x.dtype,
    shape: [x.dim(0), weight.size(1) * groups, side(2), side(3)],
    attributes: {
      ...convAttributes(weight, options),
      ...(outputPadding.some((more) => more > 0) ? { output_padding: outputPadding.map(BigInt) } : {}),
    },
  });
}
