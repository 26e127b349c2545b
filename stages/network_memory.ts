/**
 * Forecasts the memory of a network before it is loaded.
 * @module
 */
import { type Graph, hoistParameters, type Named, peakActivationBytes, resolveShape } from "../onnx/mod.ts";
import { bytesOf, type DType, sizeOf } from "../tensor/tensor.ts";
import { type GraphParts, knownBytes } from "./graph_runner.ts";

/** Bytes of memory by whom they belong to. */
export interface Memory {
  /** The process's own: cannot be taken away. */
  readonly own: number;
  /** Mapped files, which the system may drop and read again. */
  readonly mapped: number;
}

/** What the runtime and the heap keep for an operator of a loaded graph, measured on all networks: 16 to 21 kB. */
const nodeBytes = 20e3;

/** Times that the runtime takes the memory of what it folds, with what it folds it from. */
const foldedCopies = 3;

/**
 * Memory of a network while it runs, at its highest.
 *
 * @param options.dtypeOf how a parameter is stored
 * @param options.widen when floats of 16 bits are widened: once, into memory of the process's own, or at each run, one weight at a time
 * @param options.packed whether the runtime packs weights, which then are in memory of its own too
 * @param options.batch of the graph's symbol of that name
 * @param options.turns batches that take turns, see {@linkcode GraphRunner.run}
 */
export function networkMemory(
  { known, once, each }: GraphParts,
  { dtypeOf, widen = "load", packed = false, batch, turns = 1 }: {
    dtypeOf: (key: string) => DType | undefined;
    widen?: "load" | "run" | undefined;
    packed?: boolean | undefined;
    batch: number;
    turns?: number | undefined;
  },
): Memory {
  const sizes = { batch };
  const isWidened = (key: string) => /float16/.test(dtypeOf(key) ?? "");
  const isMapped = (key: string) => !packed && (widen === "run" || !isWidened(key));
  const bytesAt = (key: string, shape: readonly number[]) => {
    const stored = dtypeOf(key) ?? "float32";
    return sizeOf(shape) * (isWidened(key) && widen === "load" ? 4 : bytesOf(stored));
  };
  const weights = (graph: Graph, mapped: boolean) =>
    graph.parameters.filter(({ key }) => isMapped(key) === mapped).reduce(
      (sum, { key, shape }) => sum + bytesAt(key, shape),
      0,
    );
  const widened = (graph: Graph) => {
    if (widen === "load") return 0;
    return Math.max(0, ...graph.parameters.map(({ key, shape }) => isWidened(key) ? 4 * sizeOf(shape) : 0));
  };
  const resolved = (values: readonly Named[]) =>
    values.reduce((sum, { value }) => sum + bytesOf(value.dtype) * sizeOf(resolveShape(value.shape, sizes)), 0);
  const session = (graph: Graph) => {
    const folded = hoistParameters(graph).once;
    return nodeBytes * graph.nodes.length + weights(graph, false) + widened(graph) +
      (folded ? foldedCopies * knownBytes(folded) : 0);
  };
  const loaded = (known ? knownBytes(known) : 0) + session(each);
  const handed = once ? turns * resolved(once.outputs) : 0;
  // What comes out of a run is copied once more; the copies of the run before may still be there.
  const running = handed + peakActivationBytes(each, sizes) + 2 * resolved(each.outputs);
  const first = once ? session(once) + peakActivationBytes(once, sizes) + handed : 0;
  return {
    own: loaded + Math.max(running, first),
    mapped: Math.max(weights(each, true), once ? weights(once, true) : 0),
  };
}
