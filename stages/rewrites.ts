/**
 * What is done to every network's graph before it runs.
 * @module
 */
import {
  compareQuantized,
  foldChannels,
  fuseAttention,
  type Graph,
  halfPrecision,
  multiplyTransposedConvolutions,
  type QuantizedGraph,
  quantizeLinear,
  type QuantizeOptions,
  shareRepeats,
  spreadRows,
} from "../onnx/mod.ts";

/** The rewrites by name, in the order in which they are applied. The numbers stay the same up to rounding. */
const rewrites = {
  "share-repeats": shareRepeats,
  "fuse-attention": fuseAttention,
  "fold-channels": foldChannels,
  "spread-rows": spreadRows,
} satisfies Record<string, (graph: Graph) => Graph>;

/**
 * Name of something that can be left out, to find out what it is good for; `hoist` computes what a prompt decides once, `fp32-islands` keeps
 * norms and softmax in 32 bits where the rest computes in 16.
 */
export type RewriteName = keyof typeof rewrites | "hoist" | "fp32-islands";

/** All of them. */
export const rewriteNames: readonly RewriteName[] = [
  ...Object.keys(rewrites) as (keyof typeof rewrites)[],
  "hoist",
  "fp32-islands",
];

/** Rewrites a graph in all ways but those named in `without`. */
export function rewriteGraph(
  graph: Graph,
  { without = [] }: { without?: readonly RewriteName[] | undefined } = {},
): Graph {
  const chosen = Object.entries(rewrites).filter(([name]) => !without.includes(name as RewriteName));
  return chosen.reduce((rewritten, [, rewrite]) => rewrite(rewritten), graph);
}

/** Has a rewritten graph compute in 16 bits, see {@linkcode halfPrecision}. */
export function halveGraph(
  graph: Graph,
  { without = [], varying }: { without?: readonly RewriteName[] | undefined; varying?: readonly string[] | undefined } =
    {},
): Graph {
  return halfPrecision(graph, { islands: !without.includes("fp32-islands"), varying });
}

/** Puts weights of few bits into a rewritten graph. What other rewrites make of its layers has to be made before. */
export function quantizeGraph(graph: Graph, options: QuantizeOptions): QuantizedGraph {
  return quantizeLinear(withProducts(graph, options), options);
}

/** What each layer of a rewritten graph is off by in fewer bits, see {@linkcode compareQuantized}. */
export function compareGraph(graph: Graph, options: QuantizeOptions): Graph {
  return compareQuantized(withProducts(graph, options), options);
}

function withProducts(graph: Graph, { format }: QuantizeOptions): Graph {
  return format === "int8" ? multiplyTransposedConvolutions(graph) : graph;
}
