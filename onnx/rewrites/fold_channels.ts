/**
 * Linear layers over joined channels, of which some are a linear map of few.
 * @module
 */
import type { Graph } from "../graph.ts";
import { add } from "../ops/elementwise.ts";
import { gemm, matMul } from "../ops/linear.ts";
import { concat, reshape, slice } from "../ops/shape.ts";
import type { Node, Value } from "../value.ts";
import { dependants, makerOf, rebuild, type Renewed } from "./rebuild.ts";

/**
 * Folds a linear map of few channels into the linear layer behind it: W·[h, M·e + m] + b = [W_h, W_e·M]·[h, e] + (b + W_e·m).
 * The runtime computes the new weight and bias while the session is built.
 *
 * In Stage B the map makes 1024 channels out of the 16 of Stage C's embedding, for every block; 28 % of its operations vanish.
 */
export function foldChannels(graph: Graph): Graph {
  const given = dependants(graph, graph.inputs.map(({ name }) => name));
  const isKnown = (value: Value | undefined) => !value || !given.has(value);
  return rebuild(graph, (node, now) => {
    if (node.op !== "Gemm" || node.attributes["transB"] !== 1n || node.attributes["transA"]) return undefined;
    const [rows, weight, bias] = node.inputs;
    const joined = makerOf(rows, "Reshape")?.inputs[0];
    if (!makerOf(joined, "Concat") || !isKnown(weight) || !isKnown(bias)) return undefined;
    const parts = channelParts(joined!).map((value) => ({ value, map: mapOf(value, isKnown) }));
    if (!parts.some(({ map }) => map)) return undefined;
    return [foldInto({ weight: now(weight!), bias: bias && now(bias) }, parts, now)];
  });
}

/** A linear map M·e + m that makes a part. */
interface LinearMap {
  readonly from: Value;
  readonly weight: Value;
  readonly bias: Value | undefined;
}

/** What is joined along the last axis, joins of joins included. */
function channelParts(value: Value): Value[] {
  const join = makerOf(value, "Concat");
  if (!join || join.attributes["axis"] !== BigInt(value.rank - 1)) return [value];
  return (join.inputs as readonly Value[]).flatMap(channelParts);
}

/** The linear map of fewer channels that makes `value`, its weights being known when a session is built. */
function mapOf(value: Value, isKnown: (value: Value | undefined) => boolean): LinearMap | undefined {
  const product = makerOf(makerOf(value, "Reshape")?.inputs[0], "Gemm");
  const from = makerOf(product?.inputs[0], "Reshape")?.inputs[0];
  const [, weight, bias] = product?.inputs ?? [];
  const sameCells = from && String(from.shape.slice(0, -1)) === String(value.shape.slice(0, -1));
  if (!sameCells || !isProduct(product!) || !isKnown(weight) || !isKnown(bias)) return undefined;
  return from.size(-1) < value.size(-1) ? { from, weight: weight!, bias } : undefined;
}

function isProduct({ attributes }: Node): boolean {
  return attributes["transB"] === 1n && !attributes["transA"];
}

function foldInto(
  { weight, bias }: { weight: Value; bias: Value | undefined },
  parts: readonly { value: Value; map: LinearMap | undefined }[],
  now: Renewed,
): Value {
  let start = 0;
  let shift = bias;
  const columns = parts.map(({ value, map }) => {
    const end = start + value.size(-1);
    const own = slice(weight, { axis: 1, start, end });
    start = end;
    if (!map) return own;
    if (map.bias) {
      const moved = reshape(gemm(reshape(now(map.bias), [1, -1]), own), [-1]);
      shift = shift ? add(shift, moved) : moved;
    }
    return matMul(own, now(map.weight));
  });
  const joined = concat(parts.map(({ value, map }) => now(map?.from ?? value)), { axis: -1 });
  const rows = reshape(joined, [-1, joined.dim(-1)]);
  return gemm(rows, concat(columns, { axis: 1 }), { bias: shift });
}
