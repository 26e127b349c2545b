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
 * @param options.dtypeOf how a parameter is stored; floats of 16 bits are widened, into memory of the process's own
 * @param options.packed whether the runtime packs fp32 weights, which then are in memory of its own too
 * @param options.batch of the graph's symbol of that name
 */
export function networkMemory(
  { known, once, each }: GraphParts,
  { dtypeOf, packed = false, batch }: {
    dtypeOf: (key: string) => DType | undefined;
    packed?: boolean | undefined;
    batch: number;
  },
): Memory {
  const sizes = { batch };
  const isMapped = (key: string) => !packed && dtypeOf(key) === "float32";
  const weights = (graph: Graph, mapped: boolean) =>
    graph.parameters.filter(({ key }) => isMapped(key) === mapped).reduce(
      (sum, { shape }) => sum + 4 * sizeOf(shape),
      0,
    );
  const resolved = (values: readonly Named[]) =>
    values.reduce((sum, { value }) => sum + bytesOf(value.dtype) * sizeOf(resolveShape(value.shape, sizes)), 0);
  const session = (graph: Graph) => {
    const folded = hoistParameters(graph).once;
    return nodeBytes * graph.nodes.length + weights(graph, false) + (folded ? foldedCopies * knownBytes(folded) : 0);
  };
  const loaded = (known ? knownBytes(known) : 0) + session(each);
  const handed = once ? resolved(once.outputs) : 0;
  // What comes out of a run is copied once more; the copies of the run before may still be there.
  const running = handed + peakActivationBytes(each, sizes) + 2 * resolved(each.outputs);
  const first = once ? session(once) + peakActivationBytes(once, sizes) + handed : 0;
  return {
    own: loaded + Math.max(running, first),
    mapped: Math.max(weights(each, true), once ? weights(once, true) : 0),
  };
}
