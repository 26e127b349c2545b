/**
 * Matrix products and convolutions of ONNX in float64.
 * @module
 */
import { type Array64, at, broadcastShape, fill, flatIndex } from "./array.ts";
import { type Kernels, list } from "./kernel.ts";

/** Σ of term(0), term(1) … term(count − 1). */
function sum(count: number, term: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
}

/** The last two indices of a possibly broadcast batch of matrices. */
function matrixAt(x: Array64, lead: readonly number[], [row, column]: readonly [number, number]): number {
  const own = x.shape.slice(0, -2);
  const position = own.map((size, axis) => size === 1 ? 0 : lead[axis + lead.length - own.length]!);
  return at(x, [...position, row, column]);
}

function matMul(a: Array64, b: Array64): Array64 {
  const [rows, inner, columns] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const lead = broadcastShape([a, b].map(({ shape }) => ({ shape: shape.slice(0, -2), data: new Float64Array() })));
  return fill([...lead, rows, columns], (index) => {
    const [row, column] = [index.at(-2)!, index.at(-1)!];
    return sum(inner, (i) => matrixAt(a, index.slice(0, -2), [row, i]) * matrixAt(b, index.slice(0, -2), [i, column]));
  });
}

function turned(x: Array64): Array64 {
  return fill([x.shape[1]!, x.shape[0]!], ([i, j]) => at(x, [j!, i!]));
}

/** Calls `visit` for every pair of input and output element that a kernel element joins. */
function eachTap(
  { coarse, fine, weight }: { coarse: readonly number[]; fine: readonly number[]; weight: readonly number[] },
  { strides, pads, groups }: { strides: number[]; pads: number[]; groups: number },
  visit: (coarse: number[], fine: number[], weight: number[]) => void,
): void {
  const [outer, inner] = [weight[0]!, weight[1]!];
  for (let b = 0; b < coarse[0]!; b++) {
    for (let o = 0; o < outer; o++) {
      const first = Math.floor(o / (outer / groups)) * inner;
      for (let p = 0; p < coarse[2]!; p++) {
        for (let q = 0; q < coarse[3]!; q++) {
          fill([inner, weight[2]!, weight[3]!], ([i, kh, kw]) => {
            const [row, column] = [p * strides[0]! + kh! - pads[0]!, q * strides[1]! + kw! - pads[1]!];
            const inside = row >= 0 && column >= 0 && row < fine[2]! && column < fine[3]!;
            if (inside) visit([b, o, p, q], [b, first + i!, row, column], [o, i!, kh!, kw!]);
            return 0;
          });
        }
      }
    }
  }
}

export const linearKernels: Kernels = {
  MatMul: ([a, b]) => matMul(a!, b!),
  Gemm: ([a, b, c], { transA, transB }) => {
    const result = matMul(transA ? turned(a!) : a!, transB ? turned(b!) : b!);
    return c ? fill(result.shape, (index, flat) => result.data[flat]! + at(c, [index[1]!])) : result;
  },
  Conv: ([x, weight, bias], { strides, pads, group, kernel_shape }) => {
    const [step, around, kernel] = [list(strides), list(pads), list(kernel_shape)];
    const side = (axis: number) =>
      Math.floor((x!.shape[axis + 2]! + around[axis]! + around[axis + 2]! - kernel[axis]!) / step[axis]!) + 1;
    const y = fill([x!.shape[0]!, weight!.shape[0]!, side(0), side(1)], (index) => bias ? at(bias, [index[1]!]) : 0);
    const shapes = { coarse: y.shape, fine: x!.shape, weight: weight!.shape };
    eachTap(shapes, { strides: step, pads: around, groups: Number(group) }, (coarse, fine, tap) => {
      y.data[flatIndex(coarse, y.shape)]! += at(x!, fine) * at(weight!, tap);
    });
    return y;
  },
  ConvTranspose: ([x, weight, bias], { strides, pads, group, kernel_shape, output_padding }) => {
    const [step, around, kernel] = [list(strides), list(pads), list(kernel_shape)];
    const more = output_padding ? list(output_padding) : [0, 0];
    const side = (axis: number) =>
      (x!.shape[axis + 2]! - 1) * step[axis]! - around[axis]! - around[axis + 2]! + kernel[axis]! + more[axis]!;
    const channels = weight!.shape[1]! * Number(group);
    const y = fill([x!.shape[0]!, channels, side(0), side(1)], (index) => bias ? at(bias, [index[1]!]) : 0);
    const shapes = { coarse: x!.shape, fine: y.shape, weight: weight!.shape };
    eachTap(shapes, { strides: step, pads: around, groups: Number(group) }, (coarse, fine, tap) => {
      y.data[flatIndex(fine, y.shape)]! += at(x!, coarse) * at(weight!, tap);
    });
    return y;
  },
};
