/**
 * Linear layers over joined rows, of which some stay the same from run to run.
 * @module
 */
import type { Graph } from "../graph.ts";
import { concat, reshape } from "../ops/shape.ts";
import { gemm } from "../ops/linear.ts";
import type { Node, Value } from "../value.ts";
import { dependants, makerOf, rebuild, type Renewed } from "./rebuild.ts";

/**
 * Takes joins of rows behind linear layers: [a; b]·Wᵀ + c = [a·Wᵀ + c; b·Wᵀ + c], since each row of a product depends on its own row
 * alone. It does so only where one part depends on the inputs that are named as varying and another does not, so that
 * {@linkcode hoist} can take the latter out.
 *
 * In Würstchen's attention these are the keys and values of the picture's tokens, followed by those of the text.
 */
export function splitRows(graph: Graph, { varying }: { varying: readonly string[] }): Graph {
  const changing = dependants(graph, varying);
  return rebuild(graph, (node, now) => {
    const product = makerOf(node.op === "Reshape" ? node.inputs[0] : undefined, "Gemm");
    const joined = makerOf(makerOf(product?.inputs[0], "Reshape")?.inputs[0], "Concat");
    const [output] = node.outputs;
    if (!product || !joined || joined.attributes["axis"] !== 1n || product.attributes["transA"]) return undefined;
    const [, weight, bias] = product.inputs;
    const parts = joined.inputs as readonly Value[];
    const whole = joined.outputs[0]!;
    const restores = whole.rank === 3 && output!.shape.slice(0, 2).join() === whole.shape.slice(0, 2).join();
    const mixed = parts.some((part) => changing.has(part)) && !parts.every((part) => changing.has(part));
    if (!restores || !mixed || [weight, bias].some((value) => value && changing.has(value))) return undefined;
    return [concat(parts.map((part) => applyTo(part, product, now)), { axis: 1 })];
  });
}

/** A product's weight and bias on other rows: [b, n, from] → [b, n, to]. */
function applyTo(part: Value, { inputs: [, weight, bias], attributes }: Node, now: Renewed): Value {
  const rows = reshape(now(part), [-1, part.dim(-1)]);
  const made = gemm(rows, now(weight!), { bias: bias && now(bias), transposeB: attributes["transB"] === 1n });
  return reshape(made, [...part.shape.slice(0, -1), made.dim(-1)]);
}
