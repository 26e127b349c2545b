/**
 * Attention as one operator, which never holds the scores of all queries at once.
 * @module
 */
import type { Graph } from "../graph.ts";
import { emitOne, type Node, type Value } from "../value.ts";
import { rebuild } from "./rebuild.ts";

/** What one attention is made of. */
interface Attention {
  /** q, k and v [b, n, heads·d]. */
  readonly operands: readonly Value[];
  readonly heads: number;
  /** Factor of the scores. */
  readonly scale: number;
}

/**
 * Replaces softmax(s·q·kᵀ)·v over heads by ONNX Runtime's `MultiHeadAttention`
 * (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention), which works
 * through it in tiles (https://arxiv.org/abs/2205.14135). The numbers stay the same up to rounding.
 *
 * Found is what the layers of the networks write: q, k and v [b, n, heads·d], each split by a Reshape and a Transpose, and the
 * result joined by both. Attention with a mask stays as it is.
 */
export function fuseAttention(graph: Graph): Graph {
  const uses = new Map<Value, number>();
  const use = (value: Value | undefined) => value && uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const { inputs } of graph.nodes) inputs.forEach(use);
  for (const { value } of graph.outputs) use(value);

  return rebuild(graph, (node, now) => {
    const [output] = node.outputs;
    const found = node.op === "Reshape" && output?.rank === 3 ? matchAttention(node, uses) : undefined;
    if (!found) return undefined;
    const fused = emitOne("MultiHeadAttention", found.operands.map(now), {
      dtype: output!.dtype,
      shape: output!.shape,
      domain: "com.microsoft",
      attributes: { num_heads: BigInt(found.heads), scale: found.scale },
    });
    return [fused];
  });
}

/** Looks back from the Reshape that joins the heads. */
function matchAttention(join: Node, uses: ReadonlyMap<Value, number>): Attention | undefined {
  const maker = (value: Value | undefined, op: string, perm?: string): Node | undefined => {
    if (value?.source.kind !== "node" || uses.get(value) !== 1) return undefined;
    const { node } = value.source;
    return node.op !== op || (perm !== undefined && String(node.attributes["perm"]) !== perm) ? undefined : node;
  };
  /** The node that splits [b, n, heads·d] into heads, before they are turned into `value`. */
  const whole = (value: Value | undefined, perm: string) => {
    const split = maker(maker(value, "Transpose", perm)?.inputs[0], "Reshape");
    return split?.inputs[0]?.rank === 3 ? split : undefined;
  };

  const mixed = maker(maker(join.inputs[0], "Transpose", "0,2,1,3")?.inputs[0], "MatMul");
  const scores = maker(maker(mixed?.inputs[0], "Softmax")?.inputs[0], "MatMul");
  const scaled = maker(scores?.inputs[0], "Mul");
  const factor = scaled?.inputs[1]?.source;
  const [q, k, v] = [
    whole(scaled?.inputs[0], "0,2,1,3"),
    whole(scores?.inputs[1], "0,2,3,1"),
    whole(mixed?.inputs[1], "0,2,1,3"),
  ];
  if (!q || !k || !v || factor?.kind !== "constant" || factor.data.length !== 1) return undefined;
  const heads = q.outputs[0]!.size(2);
  // A matrix product would repeat a single head; the fused operator would not.
  if ([k, v].some((split) => split.outputs[0]!.size(2) !== heads)) return undefined;
  return { operands: [q, k, v].map((split) => split.inputs[0]!), heads, scale: Number(factor.data[0]) };
}
