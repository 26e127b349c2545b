/**
 * Matrix products and convolutions: where the floating-point operations are.
 *
 * Named after their ONNX operators (https://onnx.ai/onnx/operators/).
 * @module
 */
import { broadcast, type Dim, formatShape } from "../dims.ts";
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

/** a·bᵀ + c: [m, k] × [n, k] (as `torch.nn.Linear` keeps its weight) → [m, n]; `bias` is [n]. */
export function gemm(a: Value, weight: Value, { bias }: { bias?: Value | undefined } = {}): Value {
  if (a.rank !== 2 || weight.rank !== 2 || a.dim(1) !== weight.dim(1)) {
    throw new GraphError(
      `Gemm: Expected [m, k] × [n, k]ᵀ but found ${formatShape(a.shape)} × ${formatShape(weight.shape)}ᵀ`,
    );
  }
  if (bias && (bias.rank !== 1 || bias.dim(0) !== weight.dim(0))) {
    throw new GraphError(`Gemm: Expected a bias [${weight.dim(0)}] but found ${formatShape(bias.shape)}`);
  }
  return emitOne("Gemm", bias ? [a, weight, bias] : [a, weight], {
    dtype: a.dtype,
    shape: [a.dim(0), weight.dim(0)],
    attributes: { transB: 1n },
  });
}

/** Options of a two-dimensional convolution; the same number serves both axes. */
export interface ConvOptions {
  bias?: Value | undefined;
  stride?: number;
  /** Zeros added on each side. */
  padding?: number;
  groups?: number;
}

function square(value: number): [bigint, bigint] {
  return [BigInt(value), BigInt(value)];
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
  const side = (axis: number): Dim => {
    const size = Math.floor((x.size(axis) + 2 * padding - weight.size(axis)) / stride) + 1;
    if (size < 1) {
      throw new GraphError(`Conv: Expected a picture of at least the kernel's size but found ${formatShape(x.shape)}`);
    }
    return size;
  };
  return emitOne("Conv", bias ? [x, weight, bias] : [x, weight], {
    dtype: x.dtype,
    shape: [x.dim(0), weight.dim(0), side(2), side(3)],
    attributes: convAttributes(weight, options),
  });
}

/** Transposed convolution in NCHW: x [b, c, h, w], weight [c, o/groups, kh, kw] → [b, o, (h−1)·stride − 2·padding + kh, …]. */
export function convTranspose(x: Value, weight: Value, options: ConvOptions = {}): Value {
  const { stride = 1, padding = 0, groups = 1, bias } = options;
  if (x.rank !== 4 || weight.rank !== 4 || x.size(1) !== weight.size(0)) {
    throw new GraphError(
      `ConvTranspose: Expected x [b, c, h, w] and a weight [c, o, kh, kw] but found ${formatShape(x.shape)} and ` +
        formatShape(weight.shape),
    );
  }
  const side = (axis: number) => (x.size(axis) - 1) * stride - 2 * padding + weight.size(axis);
  return emitOne("ConvTranspose", bias ? [x, weight, bias] : [x, weight], {
    dtype: x.dtype,
    shape: [x.dim(0), weight.size(1) * groups, side(2), side(3)],
    attributes: convAttributes(weight, options),
  });
}
