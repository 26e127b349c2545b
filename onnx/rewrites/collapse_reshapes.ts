/**
 * Chains of reshapes as one.
 * @module
 */
import type { Graph } from "../graph.ts";
import { reshape } from "../ops/shape.ts";
import { makerOf, rebuild } from "./rebuild.ts";

/**
 * Takes out reshapes of reshapes, and those back to the shape from before: layers and their gradients go over to rows and back one after
 * the other. Sizes that are symbols stay as they are.
 */
export function collapseReshapes(graph: Graph): Graph {
  return rebuild(graph, (node, now) => {
    const [output] = node.outputs;
    if (node.op !== "Reshape" || output!.shape.some((dim) => typeof dim === "string")) return undefined;
    const before = makerOf(now(node.inputs[0]!), "Reshape");
    return before && [reshape(before.inputs[0]!, output!.shape)];
  });
}
