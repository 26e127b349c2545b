/**
 * Depthwise convolutions of small pictures as matrix products.
 * @module
 */
import type { Graph } from "../graph.ts";
import { add } from "../ops/elementwise.ts";
import { matMul } from "../ops/linear.ts";
import { reshape, transpose } from "../ops/shape.ts";
import { constant, type Node, type Value } from "../value.ts";
import { makerOf, rebuild } from "./rebuild.ts";

/**
 * Most cells of a picture. Per picture and channel the product costs cells² multiplications, and the runtime's convolution about as much
 * time as 4,000 whatever the size.
 */
const mostCells = 64;

/** A depthwise convolution between two turns of the channels: [b, h, w, c] → [b, h', w', c]. */
interface Depthwise {
  readonly x: Value;
  readonly weight: Value;
  readonly bias: Value | undefined;
  readonly padding: number;
  readonly output: Value;
}

/**
 * Replaces depthwise convolutions of small pictures, each channel being a matrix [cells, cells'] of its own that holds the kernel in
 * every place where it fits: y[b, p, c] = Σ x[b, q, c]·T_c[q, p], with T the kernel times a fixed selection. The numbers stay the same up
 * to rounding.
 *
 * ONNX Runtime convolves picture by picture and channel by channel, which takes it most of its time at 3×3 to 8×8 cells; its gradient
 * would be worse.
 */
export function multiplySmallConvolutions(graph: Graph): Graph {
  return rebuild(graph, (node, now) => {
    const found = matchDepthwise(node);
    if (!found) return undefined;
    const { x, weight, bias, padding, output } = found;
    const [b, h, w, c] = x.shape as [number, number, number, number];
    const [, height, width] = output.shape as [number, number, number, number];
    const [kernelHeight, kernelWidth] = [weight.size(2), weight.size(3)];
    const cells = reshape(transpose(reshape(now(x), [b * h * w, c]), [1, 0]), [c, b, h * w]);
    const places = selection({ h, w }, { height, width }, { kernelHeight, kernelWidth, padding });
    const matrices = matMul(reshape(now(weight), [c, kernelHeight * kernelWidth]), places);
    const made = matMul(cells, reshape(matrices, [c, h * w, height * width]));
    const rows = transpose(reshape(made, [c, b * height * width]), [1, 0]);
    return [reshape(bias ? add(rows, now(bias)) : rows, [b, height, width, c])];
  });
}

/** Looks back from the turn that puts the channels last again. */
function matchDepthwise(node: Node): Depthwise | undefined {
  const [output] = node.outputs;
  if (node.op !== "Transpose" || String(node.attributes["perm"]) !== "0,2,3,1") return undefined;
  const conv = makerOf(node.inputs[0], "Conv");
  const turn = makerOf(conv?.inputs[0], "Transpose");
  const x = turn?.inputs[0];
  if (!conv || !x || String(turn.attributes["perm"]) !== "0,3,1,2") return undefined;
  const [, weight, bias] = conv.inputs;
  const { group, strides, pads } = conv.attributes as Record<string, readonly bigint[]>;
  const isDepthwise = Number(group) === x.dim(-1) && Number(group) === weight!.dim(0) && weight!.dim(1) === 1;
  if (!isDepthwise || String(strides) !== "1,1" || x.shape.some((dim) => typeof dim === "string")) return undefined;
  if (x.size(1) * x.size(2) > mostCells) return undefined;
  return { x, weight: weight!, bias, padding: Number(pads![0]), output: output! };
}

/** 1 where tap k takes cell q of a picture to cell p of the result: [taps, cells·cells']. */
function selection(
  from: { h: number; w: number },
  to: { height: number; width: number },
  { kernelHeight, kernelWidth, padding }: { kernelHeight: number; kernelWidth: number; padding: number },
): Value {
  const [cells, made] = [from.h * from.w, to.height * to.width];
  const taps = kernelHeight * kernelWidth;
  const data = new Float32Array(taps * cells * made);
  for (let p = 0; p < made; p++) {
    for (let k = 0; k < taps; k++) {
      const y = Math.floor(p / to.width) + Math.floor(k / kernelWidth) - padding;
      const x = p % to.width + k % kernelWidth - padding;
      if (y >= 0 && y < from.h && x >= 0 && x < from.w) data[(k * cells + y * from.w + x) * made + p] = 1;
    }
  }
  return constant("float32", [taps, cells * made], data);
}
