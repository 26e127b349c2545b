/**
 * What is done to every network's graph before it runs.
 * @module
 */
import {
  foldChannels,
  fuseAttention,
  type Graph,
  multiplyTransposedConvolutions,
  type QuantizedGraph,
  quantizeLinear,
  shareRepeats,
  spreadRows,
  type WeightFormat,
} from "../onnx/mod.ts";

/** The rewrites by name, in the order in which they are applied. The numbers stay the same up to rounding. */
const rewrites = {
  "share-repeats": shareRepeats,
  "fuse-attention": fuseAttention,
  "fold-channels": foldChannels,
  "spread-rows": spreadRows,
} satisfies Record<string, (graph: Graph) => Graph>;

/** Name of something that can be left out, to find out what it is good for; `hoist` computes what a prompt decides once. */
export type RewriteName = keyof typeof rewrites | "hoist";

/** All of them. */
export const rewriteNames: readonly RewriteName[] = [...Object.keys(rewrites) as (keyof typeof rewrites)[], "hoist"];

/** Rewrites a graph in all ways but those named in `without`. */
export function rewriteGraph(
  graph: Graph,
  { without = [] }: { without?: readonly RewriteName[] | undefined } = {},
): Graph {
  const chosen = Object.entries(rewrites).filter(([name]) => !without.includes(name as RewriteName));
  return chosen.reduce((rewritten, [, rewrite]) => rewrite(rewritten), graph);
}

/**
 * Puts weights of few bits into a rewritten graph. What other rewrites make of its layers has to be made before.
 *
 * @param options.only whether a layer is wanted, by its name
 */
export function quantizeGraph(
  graph: Graph,
  options: { format: WeightFormat; only?: ((name: string) => boolean) | undefined },
): QuantizedGraph {
  const { format, only = () => true } = options;
  return quantizeLinear(format === "int8" ? multiplyTransposedConvolutions(graph) : graph, { format, only });
}
