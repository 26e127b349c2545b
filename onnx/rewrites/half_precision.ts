/**
 * Computing in 16 bits where that is safe.
 * @module
 */
import { type Graph, graph as makeGraph } from "../graph.ts";
import { cast } from "../ops/elementwise.ts";
import { constant, type Node, Value } from "../value.ts";
import { dependants, rebuild } from "./rebuild.ts";

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));

/**
 * Operators that compute in 16 bits: products, whose kernels add up in 32, what moves numbers, and functions of one number. Whatever is not
 * among them keeps 32: sums, means, roots, quotients, softmax, sines.
 */
const halves = words(
  "Add Clip Concat Conv ConvTranspose Expand Gather Gelu Gemm Identity LayerNormalization LeakyRelu MatMul Max Min Mul " +
    "MultiHeadAttention Neg Pad Relu Reshape Sigmoid Slice Split Sub Tanh Transpose",
);

/** Those that stay in 32 bits where all that they are given comes from 32: an island ends where a large tensor joins it. */
const followers = words("Add Clip Concat Expand Max Min Mul Neg Reshape Slice Split Sub Transpose");

/** What only moves numbers of weights, and can move those of 16 bits as well. */
const moves = words("Concat Expand Reshape Slice Transpose");

/** Largest finite number of 16 bits, and the smallest with all its digits. */
const [largest, smallest] = [65504, 2 ** -14];

/** How far {@linkcode halfPrecision} goes. */
export interface HalfPrecisionOptions {
  /** `false` computes norms and softmax in 16 bits too, to find out what the islands are good for. */
  readonly islands?: boolean | undefined;
  /**
   * Names of the inputs that change from step to step: what depends on none of them stays in 32 bits, since it is computed once. All of them
   * where left out.
   */
  readonly varying?: readonly string[] | undefined;
}

/**
 * Puts a graph into 16-bit floats, with islands of 32 where those overflow or lose what matters: the norm over all cells of a global
 * response normalisation (squares of 256 and more pass 65504, and so do sums of smaller ones), softmax, timesteps, and whatever has a
 * constant that 16 bits do not hold (an ε of 10⁻⁶ has four digits left of eleven). LayerNormalization and MultiHeadAttention take and give
 * 16 bits and compute in 32 inside (ONNX: `stash_type`).
 *
 * Inputs and outputs stay float32. Parameters that 16-bit operators read become float16 under the same key; what is computed from
 * parameters alone stays as it is and is cast.
 */
export function halfPrecision(graph: Graph, { islands = true, varying }: HalfPrecisionOptions = {}): Graph {
  const all = graph.inputs.map(({ name }) => name);
  const given = dependants(graph, all);
  const changing = dependants(graph, varying ?? all);
  const full = islands ? islandsOf(graph, given) : atLeast(graph);
  const halved = new Map<Value, Value>();
  const singles = new Map<Value, Value>();
  const half = (value: Value): Value => {
    if (value.dtype !== "float32") return value;
    const known = halved.get(value) ?? toHalf(value, { given, half });
    halved.set(value, known);
    return known;
  };
  const single = (value: Value): Value => {
    if (value.dtype !== "float16") return value;
    const known = singles.get(value) ?? cast(value, "float32");
    singles.set(value, known);
    return known;
  };
  const made = rebuild(graph, (node, now) => {
    if (!node.outputs.some((value) => given.has(value))) return undefined;
    const isHalf = !full.has(node) && node.outputs.some((value) => changing.has(value));
    const inputs = node.inputs.map((value) => value && (isHalf ? half(now(value)) : single(now(value))));
    return withOperands(node, inputs, { isHalf });
  });
  return makeGraph({
    name: made.name,
    inputs: made.inputs.map(({ value }) => value),
    outputs: Object.fromEntries(made.outputs.map(({ name, value }) => [name, single(value)])),
  });
}

/** The nodes that stay in 32 bits. */
function islandsOf(graph: Graph, given: ReadonlySet<Value>): Set<Node> {
  const full = anglesOf(graph);
  for (const node of graph.nodes) {
    const operands = node.inputs.filter((value) => value && given.has(value)) as Value[];
    const isInside = followers.has(node.op) && operands.length > 0 &&
      operands.every(({ source }) => source.kind === "node" && full.has(source.node));
    const isSquare = node.op === "Mul" && node.inputs[0] === node.inputs[1];
    if (!halves.has(node.op) || isSquare || isInside || node.inputs.some((value) => !isHeld(value))) full.add(node);
  }
  return full;
}

/** What cannot be put into 16 bits at all: angles, and what says itself which type it makes. */
function atLeast(graph: Graph): Set<Node> {
  return new Set([...anglesOf(graph), ...graph.nodes.filter(({ op }) => op === "Cast")]);
}

/** Whatever sines and cosines are taken of: 16 bits hold no angle of a thousand to better than a half. */
function anglesOf({ nodes }: Graph): Set<Node> {
  const exact = new Set<Value>();
  const found = new Set<Node>();
  for (const node of nodes.toReversed()) {
    if (node.op !== "Sin" && node.op !== "Cos" && !node.outputs.some((value) => exact.has(value))) continue;
    found.add(node);
    for (const value of node.inputs) if (value) exact.add(value);
  }
  return found;
}

/** Whether 16 bits hold a constant's numbers. */
function isHeld(value: Value | undefined): boolean {
  if (value?.dtype !== "float32" || value.source.kind !== "constant") return true;
  return (value.source.data as Float32Array).every((number) => {
    const size = Math.abs(number);
    return size === 0 || size >= smallest && size <= largest;
  });
}

/** A value in 16 bits: parameters and constants are kept so, others are cast. */
function toHalf(
  value: Value,
  { given, half }: { given: ReadonlySet<Value>; half: (value: Value) => Value },
): Value {
  const { source, shape } = value;
  if (source.kind === "parameter") return new Value("float16", shape, source);
  if (source.kind === "constant") {
    return constant("float16", shape as readonly number[], Float16Array.from(source.data as Float32Array));
  }
  if (source.kind === "node" && !given.has(value) && moves.has(source.node.op)) {
    const { node, index } = source;
    return withOperands(node, node.inputs.map((operand) => operand && half(operand)), { isHalf: true })[index]!;
  }
  return cast(value, "float16");
}

/** A node of other operands, and so of other results. */
function withOperands(node: Node, inputs: Node["inputs"], { isHalf }: { isHalf: boolean }): readonly Value[] {
  const outputs: Value[] = [];
  const made: Node = { ...node, inputs, outputs };
  node.outputs.forEach(({ dtype, shape }, index) => {
    const own = isHalf && dtype === "float32" ? "float16" : dtype;
    outputs.push(new Value(own, shape, { kind: "node", node: made, index }));
  });
  return outputs;
}
