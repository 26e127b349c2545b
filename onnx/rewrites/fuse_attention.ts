/**
 * Attention as one operator, which never holds the scores of all queries at once.
 * @module
 */
import type { Graph } from "../graph.ts";
import type { Node, Value } from "../value.ts";

/** The nodes of one attention, in place of which `fused` stands. */
interface Match {
  readonly nodes: readonly Node[];
  readonly fused: Node;
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

  const gone = new Set<Node>();
  const fused = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const match = node.op === "Reshape" ? matchAttention(node, uses) : undefined;
    if (!match) continue;
    match.nodes.forEach((inner) => gone.add(inner));
    fused.set(node, match.fused);
  }
  return { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)).map((node) => fused.get(node) ?? node) };
}

/** Looks back from the Reshape that joins the heads. */
function matchAttention(join: Node, uses: ReadonlyMap<Value, number>): Match | undefined {
  const nodes: Node[] = [];
  const maker = (value: Value | undefined, op: string, perm?: string): Node | undefined => {
    if (value?.source.kind !== "node" || uses.get(value) !== 1) return undefined;
    const { node } = value.source;
    if (node.op !== op || (perm !== undefined && String(node.attributes["perm"]) !== perm)) return undefined;
    nodes.push(node);
    return node;
  };
  /** The value [b, n, heads·d] that is split and turned into `value`. */
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
  const [output] = join.outputs;
  if (!q || !k || !v || factor?.kind !== "constant" || factor.data.length !== 1 || output?.rank !== 3) return undefined;
  const heads = q.outputs[0]!.size(2);
  // A matrix product would repeat a single head; the fused operator would not.
  if ([k, v].some((split) => split.outputs[0]!.size(2) !== heads)) return undefined;
  const fused: Node = {
    op: "MultiHeadAttention",
    domain: "com.microsoft",
    inputs: [q, k, v].map((split) => split.inputs[0]),
    attributes: { num_heads: BigInt(heads), scale: Number(factor.data[0]) },
    // The same value as before, so that whatever reads it needs no change.
    outputs: join.outputs,
    scope: scores!.scope,
  };
  return { nodes, fused };
}
