/**
 * A network with its weights: loaded for one set of sizes, run, released.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { type Binding, type Graph, GraphError, type Parameter, traceScopes, type WeightFormat } from "../onnx/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { type AppliedLora, applyLoras } from "../weights/apply_lora.ts";
import { bindCheckpoint, checkParameters, unmapped } from "../weights/bind.ts";
import type { Checkpoint, StoredTensor } from "../weights/checkpoint.ts";
import { convertedTensors } from "../weights/convert.ts";
import { asDeclared, type Precision, precisionOf, quantizedNames } from "../weights/precision.ts";
import { openOrMake, quantizedFile, type QuantizedWeights } from "../weights/quantized_cache.ts";
import type { LazyTensor } from "../weights/safetensors_writer.ts";
import { type GraphParts, GraphRunner, partsOf } from "./graph_runner.ts";
import { deviceMemory, type Memory, networkMemory } from "./network_memory.ts";
import { quantizedTensors } from "./quantized_weights.ts";
import { compareGraph, halveGraph, quantizeGraph, rewriteGraph, type RewriteName } from "./rewrites.ts";

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
  /** What runs them; may be left out where nothing is run. */
  runtime?: Runtime | undefined;
  /** Changes of the weights, which are added to them in this order. */
  loras?: readonly AppliedLora[] | undefined;
  /** Rewrites to leave out, for comparisons. */
  without?: readonly RewriteName[] | undefined;
  /** In what its weights are kept; as they are stored where left out. */
  precision?: Precision | undefined;
  /** In what it computes: 16-bit floats with islands of 32 (`fp16`), or so where its weights are kept in them (`weights`). */
  compute?: "fp32" | "fp16" | "weights" | undefined;
  /** Folder where weights in fewer bits are kept for the next run; in memory where left out. */
  cacheFolder?: string | undefined;
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
  /** In what its weights are kept. */
  readonly precision: Precision;
  /** Is told what each run is given. */
  onRun: ((sizes: Sizes, inputs: Readonly<Record<string, Tensor>>) => void) | undefined;
  /** Sets of inputs that do not vary and take turns: 1 unless a batch is run in parts. */
  turns = 1;
  readonly #definition: NetworkDefinition<Sizes>;
  /** Weights in fewer bits, once they are there. */
  #quantized: QuantizedWeights | undefined;
  #warnings: string[] = [];
  /** Computes in 32 bits whatever its options say. */
  #isFull = false;
  #prepared: Prepared | undefined;
  #loaded: { key: string; sizes: Sizes; runner: GraphRunner } | undefined;

  /**
   * @throws {CheckpointError} where the checkpoint does not fit the definition, see {@linkcode checkParameters}, or its weights were
   * written in another precision than is asked for
   */
  constructor(definition: NetworkDefinition<Sizes>, checkpoint: Checkpoint, options: NetworkOptions = {}) {
    this.#definition = definition;
    this.options = options;
    this.checkpoint = checkpoint;
    const { folder, tensors } = checkpoint;
    const written = precisionOf(checkpoint);
    this.precision = written ?? options.precision ?? "fp32";
    if (written !== undefined) checkWritten(written, options, folder);
    if (written !== undefined) this.#quantized = { tensors, inMemory: new Map() };
    const { parameters } = guard(folder, () => traceScopes(() => definition.declare()));
    checkParameters(parameters, written === undefined ? tensors : asDeclared(tensors, parameters), { folder });
  }

  /** How layers are kept that are in fewer bits than 16. */
  get #format(): WeightFormat | undefined {
    return this.precision === "int8" || this.precision === "int4" ? this.precision : undefined;
  }

  /** Whether it computes in 16-bit floats, which may overflow where 32 bits do not. */
  get computesInHalf(): boolean {
    const { compute = "fp32" } = this.options;
    if (this.#isFull || this.#format) return false;
    return compute === "fp16" || compute === "weights" && this.precision === "fp16";
  }

  /**
   * Has it compute in 32 bits from now on; what was loaded is loaded anew.
   *
   * @param reason for a warning, see {@linkcode Network.takeWarnings}
   */
  async computeInFull(reason: string): Promise<void> {
    this.warn(`${reason}: from here on this network computes in fp32`);
    this.#isFull = true;
    this.#prepared = undefined;
    await this.reload();
  }

  /** Has what was loaded loaded anew, which frees what runs have left in memory. */
  async reload(): Promise<void> {
    const sizes = this.#loaded?.sizes;
    await this.release();
    if (sizes !== undefined) await this.load(sizes);
  }

  /** Adds to what {@linkcode Network.takeWarnings} says. */
  warn(message: string): void {
    this.#warnings.push(message);
  }

  /** The runtime packs weights of 8 bits into an order of its own unless it is told not to: it reads them twice as often as it saves. */
  get #prepack(): boolean | undefined {
    return this.options.prepack ?? (this.precision === "int8" ? true : undefined);
  }

  /** What runs its sessions, and with how many threads. */
  get #running(): { readonly runtime: Runtime; readonly threads: number | undefined } {
    const { runtime, threads } = this.options;
    if (!runtime) {
      throw new TypeError(`${this.checkpoint.folder}: Expected a runtime to run this network but found none`);
    }
    return { runtime, threads };
  }

  /** The graph that is run for some sizes, rewritten, without weights and LoRAs. */
  graph(sizes: Sizes): Graph {
    const { without = [] } = this.options;
    // Of weights that are computed there would be a copy in fp32.
    const left = this.precision === "fp32" ? without : [...without, "spread-rows" as const];
    return guard(this.checkpoint.folder, () => rewriteGraph(this.#definition.build(sizes), { without: left }));
  }

  /** The parts of that graph by how often they run, LoRAs included. */
  parts(sizes: Sizes): GraphParts {
    return this.#prepare(sizes).parts;
  }

  /** Memory of a run at `sizes` on the processor, at its highest, without the program's. */
  memory(sizes: Sizes, { batch, turns = 1 }: { batch: number; turns?: number | undefined }): Memory {
    const { parts, ...how } = this.#forecast(sizes);
    return networkMemory(parts, { ...how, packed: this.#prepack, batch, turns });
  }

  /** Memory of a run at `sizes` on a device with memory of its own, in bytes at its highest, without what its library takes. */
  deviceMemory(sizes: Sizes, { batch }: { batch: number }): number {
    const { parts, ...how } = this.#forecast(sizes);
    return deviceMemory(parts, { ...how, isHalf: this.computesInHalf, batch });
  }

  /** What forecasts of memory are made from. */
  #forecast(sizes: Sizes) {
    const { parts, tensors } = this.#prepare(sizes);
    const dtypeOf = (key: string) => forecastType(key, tensors.get(key)?.dtype, this.precision);
    return { parts, dtypeOf, widen: this.#widen };
  }

  /** The graph's parts and where their parameters lie. The last ones are kept: a forecast is followed by what it forecast. */
  #prepare(sizes: Sizes): Prepared {
    const key = JSON.stringify(sizes);
    if (this.#prepared?.key !== key) {
      const { graph, tensors } = this.#whole(sizes);
      const varying = this.options.without?.includes("hoist") ? undefined : this.#definition.varying;
      const parts = partsOf(graph, { varying, lower: (graph) => this.#lower(graph) });
      this.#prepared = { key, parts, tensors: new Map([...tensors, ...this.#quantized?.tensors ?? []]) };
    }
    return this.#prepared;
  }

  /** The graph with LoRAs, and where all that it needs lies. */
  #whole(sizes: Sizes): ReturnType<typeof applyLoras> {
    const { graph, tensors } = applyLoras(this.graph(sizes), this.options.loras ?? []);
    return { graph, tensors: new Map([...this.checkpoint.tensors, ...tensors]) };
  }

  /** Computes in 16 bits, or puts those layers in fewer that are there, or, before they are made, all that could be. */
  #lower(graph: Graph): Graph {
    if (this.computesInHalf) return halveGraph(graph, { ...this.options, varying: this.#definition.varying });
    const format = this.#format;
    return format ? quantizeGraph(graph, { format, only: this.#isMade }).graph : graph;
  }

  /** Whether a layer is there in fewer bits; nothing before they are made. */
  get #isMade(): ((name: string) => boolean) | undefined {
    const made = this.#quantized;
    const names = made && quantizedNames([...made.tensors.keys(), ...made.inMemory.keys()]);
    return names && ((name) => names.has(name));
  }

  get #widen(): "load" | "run" {
    return this.precision === "fp16" ? "run" : "load";
  }

  /** Where the weights are that others are made from. */
  async #bindSource(
    tensors: ReadonlyMap<string, StoredTensor>,
    more: ReadonlyMap<string, Tensor> = new Map(),
  ): Promise<{ folder: string; bind: (parameter: Parameter) => Binding }> {
    const rows = await Promise.all(
      unmapped(tensors).map(async (key) => [key, await this.checkpoint.read(key)] as const),
    );
    return bindCheckpoint(tensors, new Map([...rows, ...more]), { widen: this.#widen });
  }

  /**
   * The network's weights in its precision, each computed when its turn comes.
   *
   * @param sizes any that the network can have: the weights do not depend on them
   * @param options.onLayer is told after each layer that was made in fewer bits which share of all of them it is
   */
  async weights(
    sizes: Sizes,
    { onLayer }: { onLayer?: ((share: number) => void) | undefined } = {},
  ): Promise<ReadonlyMap<string, LazyTensor>> {
    const format = this.#format;
    if (!format || precisionOf(this.checkpoint)) {
      return convertedTensors(this.checkpoint, this.precision === "fp16" ? { dtype: "float16" } : {});
    }
    const { graph, tensors } = this.#whole(sizes);
    const source = await this.#bindSource(tensors);
    return await quantizedTensors({ graph, checkpoint: this.checkpoint, format, ...source, ...this.#running }, {
      onLayer,
    });
  }

  /** Has weights in fewer bits made, unless they are there. */
  async #quantize(sizes: Sizes): Promise<void> {
    const { precision, checkpoint, options: { loras = [], cacheFolder, without = [] } } = this;
    const isHalf = precision === "fp16" && [...checkpoint.tensors.values()].every(({ dtype }) => dtype !== "float32");
    if (precision === "fp32" || this.#quantized || isHalf) return;
    const recipe = JSON.stringify([this.graph(sizes).name, without]);
    const source = { checkpoint, loras: precision === "fp16" ? [] : loras, precision, recipe };
    const file = cacheFolder === undefined ? undefined : await quantizedFile(source, cacheFolder);
    this.#quantized = await openOrMake(file, { checkpoint, precision, make: () => this.weights(sizes) });
    this.#prepared = undefined;
    const { tensors, inMemory, warning } = this.#quantized;
    if (warning) this.#warnings.push(`${checkpoint.folder}: ${warning}`);
    if (this.#format && quantizedNames([...tensors.keys(), ...inMemory.keys()]).size === 0) {
      const reason = "no layer is wide enough for it, or all have outliers";
      this.#warnings.push(`${checkpoint.folder}: nothing is kept in ${precision}: ${reason}`);
    }
  }

  /**
   * What each layer that is in fewer bits is off by, given what goes into it in full: relative errors by the layers' names.
   *
   * @param inputs of a run at `sizes`
   */
  async layerErrors(sizes: Sizes, inputs: Readonly<Record<string, Tensor>>): Promise<ReadonlyMap<string, number>> {
    const format = this.#format;
    await this.#quantize(sizes);
    if (!format || precisionOf(this.checkpoint)) return new Map();
    const { graph, tensors } = this.#whole(sizes);
    const compared = compareGraph(graph, { format, only: this.#isMade });
    if (compared.outputs.length === 0) return new Map();
    const { inMemory, tensors: made } = this.#quantized!;
    const used = new Set(compared.parameters.map(({ key }) => key));
    const needed = new Map([...tensors, ...made].filter(([key]) => used.has(key)));
    const source = await this.#bindSource(needed, inMemory);
    const runner = await GraphRunner.create({ known: undefined, once: undefined, each: compared }, {
      ...source,
      ...this.#running,
    });
    try {
      const errors = Object.entries(await runner.run(inputs));
      return new Map(errors.map(([name, { data }]) => [name, Number(data[0])]));
    } finally {
      await runner.release();
    }
  }

  /** What {@linkcode Network.load} and {@linkcode Network.computeInFull} had to say, once. */
  takeWarnings(): string[] {
    const warnings = this.#warnings;
    this.#warnings = [];
    return warnings;
  }

  /**
   * Builds the session for `sizes`, unless that is what is loaded; returns whether it had to.
   *
   * @throws {CheckpointError} where the weights on disk are no longer those that were checked: their headers may be other ones
   */
  async load(sizes: Sizes): Promise<boolean> {
    await this.checkpoint.checkUnchanged();
    const key = JSON.stringify(sizes);
    if (this.#loaded?.key === key) return false;
    await this.release();
    const { loras = [] } = this.options;
    for (const lora of loras) await lora.checkUnchanged();
    await this.#quantize(sizes);
    const { parts, tensors } = this.#prepare(sizes);
    const used = new Set(
      [parts.known, parts.once, parts.each].flatMap((part) => part?.parameters ?? []).map(({ key }) => key),
    );
    const needed = new Map([...tensors].filter(([key]) => used.has(key)));
    const source = await this.#bindSource(needed, this.#quantized?.inMemory);
    const options = { ...source, ...this.#running, prepack: this.#prepack };
    const runner = await GraphRunner.create(parts, options);
    this.#loaded = { key, sizes, runner };
    this.#warnings.push(...runner.notices.map((notice) => `${this.checkpoint.folder}: ${notice}`));
    return true;
  }

  /**
   * Runs the loaded network. An input that does not vary is taken for unchanged where it is the same object as last time, or as one of
   * the last {@linkcode Network.turns} times.
   */
  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    if (!this.#loaded) throw new Error("Expected the network to be loaded before it runs");
    this.onRun?.(this.#loaded.sizes, inputs);
    return await this.#loaded.runner.run(inputs, { turns: this.turns });
  }

  /** Frees the session's memory; {@linkcode Network.load} takes it again. */
  async release(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    await loaded?.runner.release();
  }
}

/** @throws {CheckpointError} where weights that were written in fewer bits are asked for otherwise */
function checkWritten(written: Precision, { precision = written, loras = [] }: NetworkOptions, folder: string): void {
  if (precision !== written) {
    throw new CheckpointError(
      `${folder}: its weights are kept in ${written} and cannot become ${precision}: take those that they were made from`,
    );
  }
  if (loras.length > 0 && written !== "fp16") {
    throw new CheckpointError(
      `${folder}: its weights are kept in ${written}, which LoRAs cannot change: take those that they were made from`,
    );
  }
}

/** How a parameter will be stored: all that a forecast needs to know of one that is yet to be made. */
function forecastType(key: string, stored: DType | undefined, precision: Precision): DType {
  if (stored === undefined) return /\.int[84]$/.test(key) ? "uint8" : "float32";
  return precision === "fp16" && stored === "float32" ? "float16" : stored;
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
