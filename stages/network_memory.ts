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

/** What a forecast has to know of a network besides its graphs. */
export interface MemoryOptions {
  /** How a parameter is stored. */
  readonly dtypeOf: (key: string) => DType | undefined;
  /** When floats of 16 bits are widened: once, into memory of the process's own, or at each run, one weight at a time. */
  readonly widen?: "load" | "run" | undefined;
  /** Of the graph's symbol of that name. */
  readonly batch: number;
}

/** Counts bytes of a network's graphs. */
function counter({ dtypeOf, widen = "load", batch }: MemoryOptions) {
  const sizes = { batch };
  const isWidened = (key: string) => /float16/.test(dtypeOf(key) ?? "");
  return {
    sizes,
    isWidened,
    weights: (graph: Graph, isCounted: (key: string) => boolean = () => true) =>
      graph.parameters.filter(({ key }) => isCounted(key)).reduce((sum, { key, shape }) => {
        return sum + sizeOf(shape) * (isWidened(key) && widen === "load" ? 4 : bytesOf(dtypeOf(key) ?? "float32"));
      }, 0),
    /** The largest weight that is widened while a run needs it. */
    widened: (graph: Graph) => {
      if (widen === "load") return 0;
      return Math.max(0, ...graph.parameters.map(({ key, shape }) => isWidened(key) ? 4 * sizeOf(shape) : 0));
    },
    values: (values: readonly Named[]) =>
      values.reduce((sum, { value }) => sum + bytesOf(value.dtype) * sizeOf(resolveShape(value.shape, sizes)), 0),
  };
}

/**
 * Memory of a network while it runs on the processor, at its highest.
 *
 * @param options.packed whether the runtime packs weights, which then are in memory of its own too
 * @param options.turns batches that take turns, see {@linkcode GraphRunner.run}
 */
export function networkMemory(
  { known, once, each }: GraphParts,
  { packed = false, turns = 1, ...options }: MemoryOptions & {
    packed?: boolean | undefined;
    turns?: number | undefined;
  },
): Memory {
  const { sizes, isWidened, weights, widened, values } = counter(options);
  const isMapped = (key: string) => !packed && (options.widen === "run" || !isWidened(key));
  const session = (graph: Graph) => {
    const folded = hoistParameters(graph).once;
    return nodeBytes * graph.nodes.length + weights(graph, (key) => !isMapped(key)) + widened(graph) +
      (folded ? foldedCopies * knownBytes(folded) : 0);
  };
  const loaded = (known ? knownBytes(known) : 0) + session(each);
  const handed = once ? turns * values(once.outputs) : 0;
  // What comes out of a run is copied once more; the copies of the run before may still be there.
  const running = handed + peakActivationBytes(each, sizes) + 2 * values(each.outputs);
  const first = once ? session(once) + peakActivationBytes(once, sizes) + handed : 0;
  return {
    own: loaded + Math.max(running, first),
    mapped: Math.max(weights(each, isMapped), once ? weights(once, isMapped) : 0),
  };
}

/**
 * Memory of a graphics card, say, that a network takes while it runs there, at its highest: all weights, in their precision or as what was
 * computed from them; what it is given, computed weights included; its activations, in 16 bits where it computes in those.
 *
 * @param options.isHalf whether it computes in 16 bits, and so widens no weight
 */
export function deviceMemory(
  { once, each }: GraphParts,
  { isHalf = false, ...options }: MemoryOptions & { isHalf?: boolean | undefined },
): number {
  const { sizes, weights, widened, values } = counter(options);
  const session = (graph: Graph) => {
    const { once: folded, each: rest } = hoistParameters(graph);
    const held = weights(rest) + (folded ? knownBytes(folded) : 0) + (isHalf ? 0 : widened(graph));
    return { held, running: values(graph.inputs) + peakActivationBytes(rest, sizes) };
  };
  const [always, first] = [session(each), once && session(once)];
  return always.held + Math.max(always.running, first ? first.held + first.running : 0);
}
