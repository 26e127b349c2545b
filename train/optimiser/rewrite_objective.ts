/**
 * An objective as a training runs it.
 * @module
 */
import { foldChannels, type Graph, graph, multiplySmallConvolutions } from "../../onnx/mod.ts";
import type { Objective } from "../phases/objective.ts";

/** Rewrites that keep the numbers up to rounding, and of which the backward pass gains too. */
const rewrites: readonly ((graph: Graph) => Graph)[] = [foldChannels, multiplySmallConvolutions];

/** The same objective of fewer and faster operations; the one that is handed in can still be used. */
export function rewriteObjective({ loss, metrics, buffers }: Objective): Objective {
  const named = graph({
    outputs: {
      loss,
      ...Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`metric ${name}`, value])),
      ...Object.fromEntries([...buffers].map(([key, value]) => [`buffer ${key}`, value])),
    },
  });
  const { outputs } = rewrites.reduce((graph, rewrite) => rewrite(graph), named);
  const values = new Map(outputs.map(({ name, value }) => [name, value]));
  const of = (name: string) => values.get(name)!;
  return {
    loss: of("loss"),
    metrics: Object.fromEntries(Object.keys(metrics).map((name) => [name, of(`metric ${name}`)])),
    buffers: new Map([...buffers.keys()].map((key) => [key, of(`buffer ${key}`)])),
  };
}
