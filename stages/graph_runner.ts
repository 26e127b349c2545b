/**
 * Runs one graph again and again, of whose inputs some stay the same for many runs.
 * @module
 */
import {
  type Binding,
  countFlops,
  encodeModel,
  type Graph,
  hoist,
  hoistParameters,
  type Named,
  type Parameter,
  partOf,
  singlePrecisionAngles,
  splitRows,
} from "../onnx/mod.ts";
import type { Runtime, RuntimeSession } from "../runtime/runtime.ts";
import { bytesOf, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** How a graph is run. */
export interface GraphRunnerOptions {
  /** Where the parameters' numbers are, `folder` being what their files are relative to. */
  readonly bind: (parameter: Parameter) => Binding;
  readonly folder: string;
  readonly threads?: number | undefined;
  readonly prepack?: boolean | undefined;
  /** What builds the sessions. */
  readonly runtime: Runtime;
}

/** How a graph is taken apart. */
export interface PartsOptions {
  /** Names of the inputs that change from run to run; all of them where left out. */
  readonly varying?: readonly string[] | undefined;
  /** Least number of floating-point operations, at batch 1, that make it worth while to compute what fixed inputs decide apart. */
  readonly hoistFrom?: number | undefined;
  /** Replaces operators in what runs, once layers are cut to what they compute when. */
  readonly lower?: ((graph: Graph) => Graph) | undefined;
}

/** Computed weights of more bytes than this are computed by sessions of their own; below, the runtime folds them in less time. */
const foldedBelow = 64e6;

/** Most bytes of computed weights that one session holds while they are copied. */
const groupBytes = 128e6;

/** Session of its own for what fixed inputs decide: that takes as long to build as a few billion operations take. */
const defaultHoistFrom = 1e9;

/** A graph by how often its parts run. */
export interface GraphParts {
  /** Weights that are computed from other weights when the graph is loaded; nothing where they are few. */
  readonly known: Graph | undefined;
  /** What fixed inputs alone decide; nothing where it is little. */
  readonly once: Graph | undefined;
  /** What runs every time. */
  readonly each: Graph;
}

/** Takes a graph apart as {@linkcode GraphRunner} runs it. */
export function partsOf(
  graph: Graph,
  { varying, hoistFrom = defaultHoistFrom, lower = (graph) => graph }: PartsOptions = {},
): GraphParts {
  if (varying) {
    const parts = takeApart(lower(splitRows(graph, { varying })), varying);
    if (parts.once && countFlops(parts.once.nodes, { batch: 1 }) >= hoistFrom) return parts;
  }
  return takeApart(lower(graph), graph.inputs.map(({ name }) => name));
}

function takeApart(graph: Graph, varying: readonly string[]): GraphParts {
  const { once: known, each } = hoistParameters(graph);
  if (!known || knownBytes(known) <= foldedBelow) return { known: undefined, ...hoist(graph, { varying }) };
  return { known, ...hoist(each, { varying: [...varying, ...known.outputs.map(({ name }) => name)] }) };
}

/** Bytes of what a graph computes from parameters. */
export function knownBytes({ outputs }: Pick<Graph, "outputs">): number {
  // Parameters have sizes that are numbers, and so has what is computed from them.
  return outputs.reduce((sum, { value }) => sum + bytesOf(value.dtype) * sizeOf(value.shape as readonly number[]), 0);
}

/**
 * A graph in up to three parts: weights that are computed from other weights, once when it is loaded; what the fixed inputs alone
 * decide, once for each of their values; the rest, at every run.
 */
export class GraphRunner {
  readonly #session: RuntimeSession;
  readonly #known: Readonly<Record<string, Tensor>>;
  readonly #once: Graph | undefined;
  readonly #each: Graph;
  readonly #options: GraphRunnerOptions;
  /** Fixed inputs of the last runs, the newest last, and what was computed from them. */
  #fixed: { inputs: Readonly<Record<string, Tensor>>; values: Readonly<Record<string, Tensor>> }[] = [];

  private constructor(
    { session, known, once, each }: {
      session: RuntimeSession;
      known: Readonly<Record<string, Tensor>>;
      once: Graph | undefined;
      each: Graph;
    },
    options: GraphRunnerOptions,
  ) {
    this.#session = session;
    this.#known = known;
    this.#once = once;
    this.#each = each;
    this.#options = options;
  }

  /** Computes weights and builds the session. */
  static async create({ known, once, each }: GraphParts, options: GraphRunnerOptions): Promise<GraphRunner> {
    const weights = known ? await computeKnown(known, options) : {};
    const session = await openSession(each, options);
    return new GraphRunner({ session, known: weights, once, each }, options);
  }

  /**
   * Runs the graph: named inputs in, named outputs out. A fixed input that is the same object as last time is taken for unchanged.
   *
   * @param options.turns sets of fixed inputs that take turns: what is computed from them is kept for as many
   */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    { turns = 1 }: { turns?: number } = {},
  ): Promise<Record<string, Tensor>> {
    const given = { ...inputs, ...this.#known, ...await this.#compute(inputs, turns) };
    return await this.#session.run(pick(given, this.#each));
  }

  /** What the fixed inputs decide. Its session is gone before the next run: its weights would stay in memory twice. */
  async #compute(
    given: Readonly<Record<string, Tensor>>,
    turns: number,
  ): Promise<Readonly<Record<string, Tensor>>> {
    if (!this.#once) return {};
    const inputs = pick(given, this.#once);
    const same = (other: Readonly<Record<string, Tensor>>) =>
      Object.entries(inputs).every(([name, tensor]) => other[name] === tensor);
    const known = this.#fixed.find(({ inputs }) => same(inputs));
    if (known) return known.values;
    this.#fixed = turns === 1 ? [] : this.#fixed.slice(1 - turns);
    const values = await runOnce(this.#once, { ...this.#options, prepack: false }, inputs);
    this.#fixed.push({ inputs, values });
    return values;
  }

  /** What the runtime says of the part that runs every time. */
  get notices(): readonly string[] {
    return this.#session.notices ?? [];
  }

  /** Frees the sessions' memory. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** The tensors for a graph's inputs; the runtime complains about missing ones. */
function pick(tensors: Readonly<Record<string, Tensor>>, { inputs }: Graph): Record<string, Tensor> {
  const found = inputs.map(({ name }) => [name, tensors[name]] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, Tensor] => entry[1] !== undefined));
}

/** Builds a session of a graph and its weights. */
function openSession(
  graph: Graph,
  { bind, runtime, ...options }: GraphRunnerOptions & { optimize?: boolean },
): Promise<RuntimeSession> {
  const fitting = runtime.hasFloat64 === false ? singlePrecisionAngles(graph) : graph;
  return runtime.createSession(encodeModel(fitting, bind), options);
}

async function runOnce(
  graph: Graph,
  options: GraphRunnerOptions & { optimize?: boolean },
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await openSession(graph, options);
  try {
    return await session.run(inputs);
  } finally {
    await session.release();
  }
}

/** Computes weights a group at a time, so that few of them are held twice. */
async function computeKnown(graph: Graph, options: GraphRunnerOptions): Promise<Record<string, Tensor>> {
  const groups: Named[][] = [];
  let room = 0;
  for (const output of graph.outputs) {
    const bytes = knownBytes({ outputs: [output] });
    if (groups.length === 0 || bytes > room) {
      groups.push([]);
      room = groupBytes;
    }
    room -= bytes;
    groups.at(-1)!.push(output);
  }
  const known: Record<string, Tensor> = {};
  for (const outputs of groups) {
    const part = partOf(graph, { outputs });
    // Without the runtime's rewrites, which would fold all of it into the session first.
    Object.assign(known, await runOnce(part, { ...options, prepack: false, optimize: false }, {}));
  }
  return known;
}
