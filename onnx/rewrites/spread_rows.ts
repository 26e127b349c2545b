/**
 * Rows that lie a multiple of 4096 bytes apart.
 * @module
 */
import type { Graph } from "../graph.ts";
import { gemm } from "../ops/linear.ts";
import { concat, reshape, slice } from "../ops/shape.ts";
import { constant, type Value } from "../value.ts";
import { dependants, makerOf, rebuild } from "./rebuild.ts";

/** Numbers of float32 in 4096 bytes: addresses that far apart share a place in the first-level caches of today. */
const period = 1024;

/** Rows that a matrix product reads at once; a cache has place for 8 to 12 lines of one address. */
const fewPeriods = 4;

/** Columns that are added: a cache line. */
const columns = 16;

/** Rows below which reading the weight takes longer than computing with it. */
const leastRows = 512;

/**
 * Adds columns to linear layers whose inputs are a multiple of 1024 channels wide: [x, x₀]·[W, 0]ᵀ = x·Wᵀ, x₀ being any columns. A
 * matrix product reads a dozen rows of each operand side by side; where they lie a multiple of 4096 bytes apart they push one another out
 * of the cache.
 *
 * The widened weight is computed while the session is built and is memory of the process's own.
 */
export function spreadRows(graph: Graph): Graph {
  const given = dependants(graph, graph.inputs.map(({ name }) => name));
  return rebuild(graph, (node, now) => {
    if (node.op !== "Gemm" || node.attributes["transB"] !== 1n || node.attributes["transA"]) return undefined;
    const [rows, weight, bias] = node.inputs;
    const x = makerOf(rows, "Reshape")?.inputs[0];
    const channels = weight!.size(1);
    if (!x || x.dim(-1) !== channels || channels % period !== 0 || channels < fewPeriods * period) return undefined;
    if (given.has(weight!) || cellsOf(x) < leastRows) return undefined;
    const zeros = constant("float32", [weight!.size(0), columns], new Float32Array(weight!.size(0) * columns));
    const wide = concat([now(x), slice(now(x), { axis: -1, start: 0, end: columns })], { axis: -1 });
    const spread = concat([now(weight!), zeros], { axis: 1 });
    return [gemm(reshape(wide, [-1, channels + columns]), spread, { bias: bias && now(bias) })];
  });
}

/** Rows of one picture. */
function cellsOf({ shape }: Value): number {
  return shape.slice(0, -1).reduce<number>((all, dim) => typeof dim === "number" ? all * dim : all, 1);
}
