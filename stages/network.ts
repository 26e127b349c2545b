/**
 * A network with its weights: loaded for one set of sizes, run, released.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type Graph, GraphError, traceScopes } from "../onnx/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type AppliedLora, applyLoras } from "../weights/apply_lora.ts";
import { bindCheckpoint, checkParameters, unmapped } from "../weights/bind.ts";
import type { Checkpoint, StoredTensor } from "../weights/checkpoint.ts";
import { type GraphParts, GraphRunner, partsOf } from "./graph_runner.ts";
import { type Memory, networkMemory } from "./network_memory.ts";
import { rewriteGraph, type RewriteName } from "./rewrites.ts";

/** How a network becomes a graph. */
export interface NetworkDefinition<Sizes> {
  /** Builds every part of the network once, so that all its parameters are declared. */
  declare(): void;
  /** Builds the graph that is run, for the given sizes. */
  build(sizes: Sizes): Graph;
  /** Names of the inputs that change from step to step; all of them where left out. */
  readonly varying?: readonly string[];
}

/** Settings of a network's sessions. */
export interface NetworkOptions {
  threads?: number | undefined;
  prepack?: boolean | undefined;
  /** What runs them; ONNX Runtime where left out. */
  runtime?: Runtime | undefined;
  /** Changes of the weights, which are added to them in this order. */
  loras?: readonly AppliedLora[] | undefined;
  /** Rewrites to leave out, for comparisons. */
  without?: readonly RewriteName[] | undefined;
}

/** A network for some sizes, before anything is loaded. */
interface Prepared {
  /** The sizes. */
  readonly key: string;
  readonly parts: GraphParts;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** One network of a model. Its checkpoint is checked when it is made; memory is taken by {@linkcode Network.load}. */
export class Network<Sizes> {
  readonly checkpoint: Checkpoint;
  readonly options: NetworkOptions;
  readonly #definition: NetworkDefinition<Sizes>;
  #prepared: Prepared | undefined;
  #loaded: { sizes: string; runner: GraphRunner } | undefined;

  /** @throws {CheckpointError} where the checkpoint does not fit the definition, see {@linkcode checkParameters} */
  constructor(definition: NetworkDefinition<Sizes>, checkpoint: Checkpoint, options: NetworkOptions = {}) {
    this.#definition = definition;
    this.options = options;
    this.checkpoint = checkpoint;
    const { folder } = checkpoint;
    const { parameters } = guard(folder, () => traceScopes(() => definition.declare()));
    checkParameters(parameters, checkpoint.tensors, { folder });
  }

  /** The graph that is run for some sizes, rewritten, without weights and LoRAs. */
  graph(sizes: Sizes): Graph {
    return guard(this.checkpoint.folder, () => rewriteGraph(this.#definition.build(sizes), this.options));
  }

  /** The parts of that graph by how often they run, LoRAs included. */
  parts(sizes: Sizes): GraphParts {
    return this.#prepare(sizes).parts;
  }

  /** Memory of a run at `sizes`, at its highest, without the program's. */
  memory(sizes: Sizes, { batch }: { batch: number }): Memory {
    const { parts, tensors } = this.#prepare(sizes);
    const dtypeOf = (key: string) => tensors.get(key)?.dtype;
    return networkMemory(parts, { dtypeOf, packed: this.options.prepack, batch });
  }

  /** The graph's parts and where their parameters lie. The last ones are kept: a forecast is followed by what it forecast. */
  #prepare(sizes: Sizes): Prepared {
    const key = JSON.stringify(sizes);
    if (this.#prepared?.key !== key) {
      const { graph, tensors } = applyLoras(this.graph(sizes), this.options.loras ?? []);
      const varying = this.options.without?.includes("hoist") ? undefined : this.#definition.varying;
      const parts = partsOf(graph, { varying });
      this.#prepared = { key, parts, tensors: new Map([...this.checkpoint.tensors, ...tensors]) };
    }
    return this.#prepared;
  }

  /**
   * Builds the session for `sizes`, unless that is what is loaded; returns whether it had to.
   *
   * @throws {CheckpointError} where the weights on disk are no longer those that were checked: their headers may be other ones
   */
  async load(sizes: Sizes): Promise<boolean> {
    await this.checkpoint.checkUnchanged();
    const key = JSON.stringify(sizes);
    if (this.#loaded?.sizes === key) return false;
    await this.release();
    const { loras = [], threads, prepack, runtime } = this.options;
    for (const lora of loras) await lora.checkUnchanged();
    const { parts, tensors } = this.#prepare(sizes);
    const rows = await Promise.all(
      unmapped(this.checkpoint.tensors).map(async (key) => {
        return [key, await this.checkpoint.read(key)] as const;
      }),
    );
    const { folder, bind } = bindCheckpoint(tensors, new Map(rows));
    this.#loaded = { sizes: key, runner: await GraphRunner.create(parts, { bind, folder, threads, prepack, runtime }) };
    return true;
  }

  /** Runs the loaded network. An input that does not vary is taken for unchanged where it is the same object as last time. */
  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    if (!this.#loaded) throw new Error("Expected the network to be loaded before it runs");
    return await this.#loaded.runner.run(inputs);
  }

  /** Frees the session's memory; {@linkcode Network.load} takes it again. */
  async release(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.runner.release();
  }
}

/** A graph that cannot be built means a configuration that contradicts itself. */
function guard<Result>(folder: string, build: () => Result): Result {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new CheckpointError(`${folder}/config.json: ${error.message}`, { cause: error });
  }
}
