/**
 * Matrix products of turned operands, without turning them.
 * @module
 */
import { broadcast } from "../dims.ts";
import type { Graph } from "../graph.ts";
import { transpose } from "../ops/shape.ts";
import { emitOne, type Node, type Value } from "../value.ts";
import { makerOf, rebuild, type Renewed } from "./rebuild.ts";

/** An operand of a product: a value, and whether its last two axes are to change places. */
interface Operand {
  readonly value: Value;
  readonly turned: boolean;
}

/**
 * Lets matrix products read their operands the other way round in place of copying them so, as ONNX Runtime's `FusedMatMul`
 * (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.FusedMatMul). A Transpose that would have
 * to gather single numbers becomes one that copies rows, or none at all; so does one behind a product, by (A·B)ᵀ = Bᵀ·Aᵀ. The numbers
 * stay the same up to rounding.
 *
 * ONNX Runtime does some of this by itself, but merges a Transpose with the one before it first, which may leave a slower one.
 */
export function fuseTransposes(graph: Graph): Graph {
  const uses = new Map<Value, number>();
  const use = (value: Value | undefined) => value && uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { inputs } of graph.nodes) inputs.forEach(use);
  for (const { value } of graph.outputs) use(value);

  return rebuild(graph, (node, now) => {
    const product = node.op === "Transpose" ? makerOf(node.inputs[0], "MatMul") : undefined;
    if (product && uses.get(node.inputs[0]!) === 1) {
      const perm = permutationOf(node);
      if (!gathers(perm)) return undefined;
      const [a, b] = product.inputs.map((value) => operandOf(value!, now)) as [Operand, Operand];
      return [transpose(fused(turn(b), turn(a)), turnedBefore(perm))];
    }
    if (node.op !== "MatMul" || node.inputs.some((value) => value!.rank < 2)) return undefined;
    const [a, b] = node.inputs.map((value) => operandOf(value!, now)) as [Operand, Operand];
    return a.turned || b.turned ? [fused(a, b)] : undefined;
  });
}

function permutationOf({ attributes }: Node): number[] {
  return (attributes["perm"] as readonly bigint[]).map(Number);
}

const turn = ({ value, turned }: Operand): Operand => ({ value, turned: !turned });

/** Whether what stood last but one comes to stand last, and so every number moves by itself. */
function gathers(perm: readonly number[]): boolean {
  return perm.at(-1) === perm.length - 2;
}

/** The same permutation, of a value whose last two axes have changed places. */
function turnedBefore(perm: readonly number[]): number[] {
  const { length } = perm;
  return perm.map((axis) => axis < length - 2 ? axis : 2 * length - 3 - axis);
}

/** What a product reads in place of `value`: what that is turned from, where its rows can be read as columns. */
function operandOf(value: Value, now: Renewed): Operand {
  let base = value;
  let perm = value.shape.map((_, axis) => axis);
  for (let node = makerOf(base, "Transpose"); node; node = makerOf(base, "Transpose")) {
    const before = permutationOf(node);
    perm = perm.map((axis) => before[axis]!);
    base = node.inputs[0]!;
  }
  if (perm.at(-2) !== perm.length - 1) return { value: now(value), turned: false };
  return { value: transpose(now(base), [...perm.slice(0, -2), perm.at(-1)!, perm.at(-2)!]), turned: true };
}

/** The product as one operator. */
function fused(a: Operand, b: Operand): Value {
  const [left, right] = [a, b].map(({ value: { shape }, turned }) =>
    turned ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : [...shape]
  ) as [number[], number[]];
  return emitOne("FusedMatMul", [a.value, b.value], {
    dtype: a.value.dtype,
    shape: [...broadcast(left.slice(0, -2), right.slice(0, -2))!, left.at(-2)!, right.at(-1)!],
    domain: "com.microsoft",
    attributes: { transA: a.turned ? 1n : 0n, transB: b.turned ? 1n : 0n },
  });
}
