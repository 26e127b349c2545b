/**
 * Rows that are repeated, computed for one of them.
 * @module
 */
import { type Dim, quotient } from "../dims.ts";
import type { Graph } from "../graph.ts";
import { repeat } from "../ops/shape.ts";
import { type Node, Value } from "../value.ts";
import { dependants, rebuild } from "./rebuild.ts";

/** Operators that do the same to each row of a repeated operand, whichever of their operands it is. */
const elementwise = new Set(
  ("Abs Add Cast Concat Cos Div Erf Exp Gelu LayerNormalization LeakyRelu Mul MultiHeadAttention Neg Pow ReduceMean ReduceSum " +
    "Relu Reshape Sigmoid Sin Slice Softmax Sqrt Sub Tanh Transpose").split(" "),
);

/** Operators whose rows are those of their first operand. */
const products = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);

/**
 * Moves repetitions of rows behind what each row goes through alone: f([a; a]) = [f(a); f(a)]. The numbers stay the same.
 *
 * With guidance the rows with a prompt and those without start from the same latents; Stage C is the same for both up to its first
 * attention, Stage B up to the first level that sees the embedding.
 */
export function shareRepeats(graph: Graph): Graph {
  const given = dependants(graph, graph.inputs.map(({ name }) => name));
  /** What a value of the new graph repeats, and how often. */
  const repeated = new Map<Value, { rows: Value; times: number }>();
  const again = (rows: Value, times: number) => {
    const value = repeat(rows, times);
    repeated.set(value, { rows, times });
    return value;
  };
  return rebuild(graph, (node, now) => {
    const operands = node.inputs.map((value) => value && now(value));
    const [first] = operands;
    if (isRepeat(node)) return [again(first!, node.inputs.length)];
    const found = operands.map((value) => value && repeated.get(value));
    const times = found.find((entry) => entry)?.times;
    const alike = node.inputs.every((value, i) => !value || !given.has(value) || found[i]?.times === times);
    if (times === undefined || !alike || !isByRow(node, found.map((entry) => entry !== undefined))) return undefined;
    const outputs: Value[] = [];
    const made = { ...node, inputs: operands.map((value, i) => found[i]?.rows ?? value), outputs };
    node.outputs.forEach(({ dtype, shape: [rows, ...rest] }, index) => {
      const shape = [quotient(rows!, times) as Dim, ...rest];
      outputs.push(new Value(dtype, shape, { kind: "node", node: made, index }));
    });
    return outputs.map((value) => again(value, times));
  });
}

function isRepeat({ op, attributes, inputs }: Node): boolean {
  return op === "Concat" && attributes["axis"] === 0n && inputs.every((value) => value === inputs[0]);
}

/** Whether each row of the result depends on the same row of the repeated operands, `which` of them. */
function isByRow(node: Node, which: readonly boolean[]): boolean {
  const { op, inputs, outputs, attributes } = node;
  const rank = outputs[0]!.rank;
  if (products.has(op)) return which.indexOf(true) === 0 && which.lastIndexOf(true) === 0 && !attributes["transA"];
  if (!elementwise.has(op)) return false;
  if (op !== "Reshape" && inputs.some((value, i) => which[i] && value!.rank !== rank)) return false;
  switch (op) {
    case "Concat":
      return attributes["axis"] !== 0n;
    case "Transpose":
      return (attributes["perm"] as readonly bigint[])[0] === 0n;
    case "ReduceMean":
    case "ReduceSum":
      return !integersOf(inputs[1]).includes(0n);
    case "Slice":
      return !integersOf(inputs[3]).includes(0n);
    case "Reshape":
      // 0 keeps the number of rows, −1 finds it; a number would be wrong for fewer of them.
      return (integersOf(inputs[1])[0] ?? 1n) <= 0n;
    default:
      return rank > 1;
  }
}

function integersOf(value: Value | undefined): readonly bigint[] {
  return value?.source.kind === "constant" ? [...value.source.data as BigInt64Array] : [];
}
