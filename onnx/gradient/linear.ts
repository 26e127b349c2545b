/**
 * Gradients of matrix products and convolutions.
 *
 * All of them are products again. The gradient by a convolution's weight is one product for each tap of the kernel, channels
 * last, where ONNX Runtime's CPU kernels would serve a convolution over the batch badly; the gradient by its input is a
 * convolution with the kernel turned around.
 * @module
 */
import { broadcast } from "../dims.ts";
import { mul } from "../ops/elementwise.ts";
import { conv, type ConvOptions, convTranspose, gemm, matMul } from "../ops/linear.ts";
import { concat, flip, pad, reshape, slices, transpose } from "../ops/shape.ts";
import type { Node, Value } from "../value.ts";
import { sumAxes, sumTo } from "./broadcast.ts";
import type { Rules } from "./rule.ts";

/** xᵀ of the last two axes. */
function transposed(x: Value): Value {
  const perm = x.shape.map((_, axis) => axis);
  return transpose(x, [...perm.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Rows of a value: [..., n] → [all others, n]. */
function rowsOf(x: Value): Value {
  return reshape(x, [-1, x.dim(-1)]);
}

/** [b, c, h, w] → [b, h, w, c]; a value that was just turned the other way is taken from before. */
function channelsLast(x: Value): Value {
  const { source } = x;
  if (source.kind === "node" && source.node.op === "Transpose" && String(source.node.attributes.perm) === "0,3,1,2") {
    return source.node.inputs[0]!;
  }
  return transpose(x, [0, 2, 3, 1]);
}

type Geometry = Required<Omit<ConvOptions, "bias">>;

function geometryOf({ attributes }: Node): Geometry {
  const first = (list: unknown) => Number((list as readonly bigint[])[0]);
  return { stride: first(attributes.strides), padding: first(attributes.pads), groups: Number(attributes.group) };
}

/** Σ over rows of left[row, o]·right[row, i], for each pair in one group: [n, o], [n, c] → [o, c/groups, 1]. */
function outerSum(left: Value, right: Value, { groups }: { groups: number }): Value {
  const [n, o, c] = [left.size(0), left.size(1), right.size(1)];
  if (groups === 1) return reshape(gemm(left, right, { transposeA: true, transposeB: false }), [o, c, 1]);
  if (groups === o && groups === c) return reshape(sumAxes(mul(left, right), [0]), [c, 1, 1]);
  const byGroup = (x: Value, perm: number[]) => transpose(reshape(x, [n, groups, x.size(1) / groups]), perm);
  return reshape(matMul(byGroup(left, [1, 2, 0]), byGroup(right, [1, 0, 2])), [o, c / groups, 1]);
}

/**
 * dw[o, i, k] = Σ over places p of coarse[o, p]·fine[i, stride·p + k − padding].
 *
 * `coarse` [b, o, h', w'] and `fine` [b, c, h, w] are a convolution's gradient and input, or a transposed one's input and
 * gradient; the result is like `weight`, [o, c/groups, kh, kw].
 */
function weightGradient(
  { coarse, fine, weight }: { coarse: Value; fine: Value; weight: Value },
  { stride, padding, groups }: Geometry,
): Value {
  const small = channelsLast(coarse);
  const wide = pad(channelsLast(fine), { 1: [padding, padding], 2: [padding, padding] });
  const range = (tap: number, axis: number) => {
    return { start: tap, end: tap + (small.size(axis) - 1) * stride + 1, step: stride };
  };
  const [height, width] = [weight.size(2), weight.size(3)];
  const taps = Array.from({ length: height * width }, (_, tap) => {
    const seen = slices(wide, { 1: range(Math.floor(tap / width), 1), 2: range(tap % width, 2) });
    return outerSum(rowsOf(small), rowsOf(seen), { groups });
  });
  return reshape(concat(taps, { axis: 2 }), weight.shape);
}

/** Exchanges input and output channels, and turns the kernel around: [o, c/groups, kh, kw] → [c, o/groups, kh, kw]. */
function turned(weight: Value, { groups }: { groups: number }): Value {
  const [o, i, height, width] = [weight.size(0), weight.size(1), weight.size(2), weight.size(3)];
  const grouped = transpose(reshape(weight, [groups, o / groups, i, height, width]), [0, 2, 1, 3, 4]);
  return flip(reshape(grouped, [groups * i, o / groups, height, width]), [2, 3]);
}

/** dx[i, s·p + k − padding] += Σ g[o, p]·w[o, i, k]. */
function inputGradient({ g, x, weight }: { g: Value; x: Value; weight: Value }, geometry: Geometry): Value {
  const { stride, padding, groups } = geometry;
  const around = weight.size(2) - 1 - padding;
  if (stride === 1 && weight.size(2) === weight.size(3) && around >= 0) {
    return conv(g, turned(weight, { groups }), { padding: around, groups });
  }
  const left = (axis: number) => x.size(axis) - ((g.size(axis) - 1) * stride - 2 * padding + weight.size(axis));
  return convTranspose(g, weight, { ...geometry, outputPadding: [left(2), left(3)] });
}

/** Σ over all but the channels: [b, c, h, w] → [c]. */
function biasGradient(g: Value): Value {
  return reshape(sumAxes(channelsLast(g), [0, 1, 2]), [g.dim(1)]);
}

/** Rules of operators that multiply and add. */
export const linear: Rules = {
  // Y = A·B: dA = G·Bᵀ, dB = Aᵀ·G, summed where one of them serves several matrices
  MatMul: ({ g, a, b }) => {
    const flat = b.rank === 2 && a.rank > 2;
    const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))!;
    const back = (x: Value, to: Value) => sumTo(x, { from: [...lead, ...to.shape.slice(-2)], to: to.shape });
    return [
      back(matMul(g, transposed(b)), a),
      flat ? gemm(rowsOf(a), rowsOf(g), { transposeA: true, transposeB: false }) : back(matMul(transposed(a), g), b),
    ];
  },
  // Y = A·B + c with A and B as the attributes turn them: dA = G·Bᵀ, dB = Aᵀ·G, dc = Σ rows of G
  Gemm: ({ g, a, b, node }) => {
    const [turnA, turnB] = [node.attributes.transA === 1n, node.attributes.transB === 1n];
    return [
      turnA ? gemm(b, g, { transposeA: turnB, transposeB: true }) : gemm(g, b, { transposeB: !turnB }),
      turnB
        ? gemm(g, a, { transposeA: true, transposeB: turnA })
        : gemm(a, g, { transposeA: !turnA, transposeB: false }),
      reshape(sumAxes(g, [0]), [g.dim(1)]),
    ];
  },
  // y = x ∗ w + bias: dx is g spread by w, dw[o, i, k] = Σ g[o, p]·x[i, s·p + k], dbias = Σ g
  Conv: ({ g, a: x, b: weight, node }) => {
    const geometry = geometryOf(node);
    return [
      inputGradient({ g, x, weight }, geometry),
      weightGradient({ coarse: g, fine: x, weight }, geometry),
      biasGradient(g),
    ];
  },
  // y is x spread by w: dx = g ∗ w, dw[i, o, k] = Σ x[i, p]·g[o, s·p + k], dbias = Σ g
  ConvTranspose: ({ g, a: x, b: weight, node }) => {
    const geometry = geometryOf(node);
    return [conv(g, weight, geometry), weightGradient({ coarse: x, fine: g, weight }, geometry), biasGradient(g)];
  },
};
