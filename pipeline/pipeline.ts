/**
 * A loaded model that paints: the library's front door.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { userCacheFolder } from "../files/cache_folder.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { type OpenRuntime, openRuntime } from "../plugins/open_runtime.ts";
import type { Registry } from "../plugins/registry.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkFinite } from "./denoise.ts";
import { chooseDevices, type ChosenDevices } from "./devices.ts";
import { forecastMemory, formatBytes, loadedBytes } from "./forecast.ts";
import { Job } from "./job.ts";
import type { LoadOptions } from "./load_options.ts";
import { findModel } from "./model.ts";
import type { ModelFolders } from "./model_folders.ts";
import { describeValue } from "./option_types.ts";
import { maxThreads } from "./limits.ts";
import { checkInteger, type ModelDefaults, modelDefaults } from "./options.ts";
import { type ModelSizes, openInPrecision } from "./open_in_precision.ts";
import { checkMaxMemory, saveMemory, staysBelow } from "./fit_memory.ts";
import { tilesOf } from "./decode_picture.ts";
import { checkpointsOf, type ModelParts, networksOf, openParts } from "./parts.ts";
import { checkPrecision, describePrecision, type PrecisionChoice } from "./precisions.ts";
import { type OpenModel, paintJobs, type Preparation } from "./paint_jobs.ts";
import { planSizes, type Size, type SizeRules } from "./plan.ts";
import {
  checkPictures,
  compressorOf,
  padToDecoded,
  Reconstruction,
  type ReconstructOptions,
  type ReconstructResult,
} from "./reconstruct.ts";
import { createRun, type Work } from "./run.ts";
import { sizeRules } from "./size_rules.ts";
import type { GenerateOptions, GenerateResult, ModelIdentity, Run, WeightsEvent } from "./types.ts";
import { checkNonFinite, WeightsCheck } from "./weights_check.ts";

/**
 * Opens a model: configurations are read and checkpoints checked; weights are read when a stage first runs.
 *
 * @param model a bundled name (`emoji`), a folder, or a repository on the hub (`org/name`, `org/name@revision`), which is fetched
 * @throws {CheckpointError} where it is missing, damaged or no Würstchen model, or a LoRA is none of this model
 * @throws {ConfigError} where a device is not ready, saying what it lacks
 * @example
 * ```ts
 * import { loadPipeline } from "wuerstchen";
 * await using pipeline = await loadPipeline("emoji");
 * const { images, seed } = await pipeline.generate({ prompt: "a red apple", seed: 7, priorSteps: 2, decoderSteps: 1 });
 * if (images[0]?.width !== 128 || seed !== 7) throw new Error("a picture of 128 × 128 pixels");
 * ```
 */
export async function loadPipeline(model = "emoji", options: LoadOptions = {}): Promise<Pipeline> {
  const { prior, decoder, modelsFolder, variant: wanted, hub } = options;
  const precision = checkPrecision(options.precision);
  const devices = await chooseDevices(options.device);
  const folders = await findModel(model, { prior, decoder, modelsFolder, hub: { ...hub, variant: wanted } });
  const threads = checkInteger("threads", options.threads ?? navigator.hardwareConcurrency, {
    min: 1,
    max: maxThreads,
  });
  const registry = options.registry ?? builtinRegistry();
  const runtime = await openRuntime(registry, options.runtime);
  const network = {
    threads,
    prepack: options.prepack,
    runtime,
    cacheFolder: options.cacheFolder ?? await userCacheFolder(),
  };
  const open = (precision: PrecisionChoice | undefined) =>
    openParts(folders, network, { ...options, registry, precision, devices: devices.networks });
  const maxMemory = checkMaxMemory(options);
  const { upcoming, preset } = options;
  const parts = await openInPrecision((parts) => sizesOf(folders, parts), open, {
    precision,
    preset,
    maxMemory,
    upcoming,
    registry,
  });
  const { keepLoaded, ignoreMemory, hashWeights, cacheFolder, variant } = options;
  return new Pipeline(folders, {
    parts,
    registry,
    runtime,
    devices,
    threads,
    keepLoaded,
    ignoreMemory,
    maxMemory,
    hashWeights,
    cacheFolder,
    variant,
  });
}

/** A model that paints. It runs one generation at a time; further calls wait for their turn. */
export class Pipeline implements AsyncDisposable {
  /** Name or folder that the model was asked for by. */
  readonly name: string;
  /** What it paints with where nothing else is said. */
  readonly defaults: ModelDefaults;
  /** Which sizes it can paint. */
  readonly rules: SizeRules;
  /** Threads of the runtime. */
  readonly threads: number;
  /**
   * Its stages, for what measures and trains them.
   *
   * @internal
   */
  readonly parts: ModelParts;
  /** Keeps every network in memory between generations, in place of one at a time; holds for those that start later. */
  keepLoaded: boolean;
  /** Schedulers and priors that it can be asked for, and what opened its networks. */
  readonly registry: Registry;
  /** What runs its networks. */
  readonly runtime: OpenRuntime;
  /** What its networks run on. */
  readonly devices: ChosenDevices;
  readonly #folders: ModelFolders;
  readonly #source: Omit<ModelIdentity, "weights">;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #ignoreMemory: boolean;
  readonly #maxMemory: number | undefined;
  readonly #hashWeights: boolean;
  readonly #weights: WeightsCheck;

  /**
   * Takes what {@linkcode loadPipeline} opens.
   *
   * @internal
   */
  constructor(
    folders: ModelFolders,
    {
      parts,
      registry = builtinRegistry(),
      runtime,
      devices,
      threads,
      keepLoaded = false,
      ignoreMemory = false,
      maxMemory,
      hashWeights = true,
      cacheFolder,
      variant,
    }:
      & Pick<LoadOptions, "keepLoaded" | "ignoreMemory" | "hashWeights" | "cacheFolder" | "variant" | "registry">
      & { parts: ModelParts; runtime: OpenRuntime; devices: ChosenDevices; threads: number }
      & { maxMemory: number | undefined },
  ) {
    this.name = folders.name;
    this.#folders = folders;
    const precision = describePrecision(networksOf(parts));
    this.#source = {
      ...folders.source,
      ...(variant === undefined ? {} : { variant }),
      ...(precision === undefined ? {} : { precision }),
    };
    this.parts = parts;
    this.registry = registry;
    this.runtime = runtime;
    this.devices = devices;
    this.threads = threads;
    this.keepLoaded = keepLoaded;
    this.#ignoreMemory = ignoreMemory;
    this.#maxMemory = maxMemory;
    this.#hashWeights = hashWeights;
    this.#weights = new WeightsCheck(parts, { cacheFolder });
    const { rules, defaults } = sizesOf(folders, parts);
    this.rules = rules;
    this.defaults = defaults;
  }

  /**
   * Paints one generation. The run starts when it is first awaited or iterated.
   *
   * @throws {ConfigError} at once, where an option is out of its range or does not fit the model
   */
  generate(options: GenerateOptions): Run<GenerateResult> {
    return this.#run([this.#job(options, 0)], { signal: options.signal, pick: (results) => results[0]! });
  }

  /**
   * Paints several generations, each as if it were alone, stage by stage: every network is loaded once.
   *
   * @throws {ConfigError} at once, where an option is out of its range or does not fit the model
   */
  generateAll(list: readonly GenerateOptions[]): Run<GenerateResult[]> {
    if (!Array.isArray(list)) {
      throw new ConfigError(`Expected a list of options, one a generation, but found ${describeValue(list)}`);
    }
    const signals = list.map(({ signal }) => signal).filter((signal) => signal !== undefined);
    const signal = signals.length > 0 ? AbortSignal.any(signals) : undefined;
    return this.#run(list.map((options, index) => this.#job(options, index)), { signal, pick: (results) => results });
  }

  /**
   * Takes pictures through the model and back: through Stage A alone, and through compressor, Stage B and Stage A. The pictures
   * have any size that the model paints.
   *
   * @param pixels 0…1, [b, channels, height, width]
   * @throws {CheckpointError} at once, where the model has no compressor, as published Würstchen v2 repositories
   * @throws {ConfigError} at once, where an option is out of its range or the pictures do not fit the model
   */
  reconstruct(pixels: Tensor<"float32">, options: ReconstructOptions = {}): Run<ReconstructResult> {
    const work = new Reconstruction(pixels, options, {
      parts: this.parts,
      registry: this.registry,
      defaults: this.defaults,
      planOf: (size) => planSizes(size, this.rules, { forecast: (size) => this.forecastMemory(size) }),
      makeJob: (options) => this.#job(options, 0),
    });
    const { threads, runtime } = this;
    const pick = ([result]: GenerateResult[]) => work.result(result!, { threads, runtime });
    return this.#run([work.job], { signal: options.signal, pick, before: work });
  }

  /**
   * The compressor's embeddings of pictures: [b, channels, height, width] of 0…1 → [b, c, n, m].
   *
   * @throws {CheckpointError} where the model has no compressor
   * @throws {ConfigError} where the pictures do not fit the model
   * @throws {NumericError} where an embedding is not finite
   */
  async embed(pixels: Tensor<"float32">): Promise<Tensor<"float32">> {
    const compressor = compressorOf(this.parts);
    checkPictures(pixels, this.parts);
    const [height, width] = pixels.shape.slice(2) as [number, number];
    const plan = planSizes({ height, width }, this.rules);
    return await this.#enqueue(async () => {
      await compressor.network.load({ ...plan.decoded, cells: plan.prior });
      try {
        const embedding = await compressor.embed(padToDecoded(pixels, plan));
        checkFinite(embedding, "compressor: embedding");
        return embedding;
      } finally {
        if (!this.keepLoaded) await compressor.network.release();
      }
    });
  }

  /** sha256 of the weights, whatever `hashWeights` says. */
  async identity(): Promise<ModelIdentity> {
    const { hashes, loras } = await this.#weights.result();
    return { ...this.#source, weights: hashes, ...(loras.length > 0 ? { loras } : {}) };
  }

  /**
   * Checks the numbers of all weights, whatever `hashWeights` says.
   *
   * @throws {CheckpointError} where a tensor holds NaN or infinity, naming it
   */
  async checkWeights(
    { onProgress, signal = new AbortController().signal }: {
      /** Is told how many bytes are read, where that takes long. */
      onProgress?: ((event: WeightsEvent) => void) | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<void> {
    for await (const event of this.#weights.wait(signal)) onProgress?.(event);
    signal.throwIfAborted();
    checkNonFinite(await this.#weights.result());
  }

  /** Frees all memory of the networks once what runs has ended; the pipeline can still be used and loads them again. */
  async release(): Promise<void> {
    const freed = this.#queue.then(() => this.#free());
    this.#queue = freed.catch(() => {});
    await freed;
  }

  async #free(): Promise<void> {
    const { prior, decoder, compressor, preview } = this.parts;
    const stages = [prior.text, prior.stage, decoder.text, decoder.stage, compressor, preview];
    const networks = stages.filter((stage) => stage !== undefined);
    await Promise.all([...networks.map(({ network }) => network.release()), decoder.autoencoder.release()]);
  }

  /** Waits for what is running, then releases everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
    this.#weights.stop();
  }

  /** Bytes that the weights of all networks that paint take in memory, together. */
  get weightBytes(): number {
    return Object.values(checkpointsOf(this.parts)).reduce((sum, checkpoint) => sum + loadedBytes(checkpoint), 0);
  }

  /** Memory that a picture of this size takes at its peak, mapped weights included, written as `2.1 GB`. */
  forecastMemory(size: Size): string {
    const plan = planSizes(size, this.rules);
    const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };
    return formatBytes(forecastMemory(this.parts, plan, { batches, keepLoaded: this.keepLoaded }).peak);
  }

  #job(options: GenerateOptions, index: number): Job {
    const forecast = (size: Size) => this.forecastMemory(size);
    const job = new Job(options, {
      index,
      rules: this.rules,
      defaults: this.defaults,
      registry: this.registry,
      forecast,
    });
    const { prior, decoder } = this.parts;
    job.checkLatents("prior", prior.stage.channels);
    job.checkLatents("decoder", decoder.stage.config.c_in);
    job.checkHandOver({ image_embeddings: decoder.stage.config.effnet_embd, latents: decoder.stage.config.c_in });
    tilesOf(decoder.autoencoder, job.plan.decoder, job.options);
    this.fit(job);
    return job;
  }

  /**
   * Makes a job keep to the memory that it may take.
   *
   * @internal
   * @throws {ResourceError} where it cannot
   */
  fit(job: Job): void {
    if (this.#maxMemory !== undefined) saveMemory(job, this.parts, { room: this.#maxMemory });
  }

  #run<Result>(
    jobs: readonly Job[],
    { signal, ...rest }: {
      signal: AbortSignal | undefined;
      pick: (results: GenerateResult[]) => Result;
      before?: Preparation;
    },
  ): Run<Result> {
    const work: Work<Result> = (stop) => this.#work(jobs, stop, rest);
    return createRun(work, { signal, enqueue: (task) => this.#enqueue(task) });
  }

  /** Waits for its turn. */
  #enqueue<Result>(task: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(task, task);
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Runs jobs once it is their turn. */
  async *#work<Result>(
    jobs: readonly Job[],
    signal: AbortSignal,
    { pick, before }: { pick: (results: GenerateResult[]) => Result; before?: Preparation | undefined },
  ): ReturnType<Work<Result>> {
    const maxMemory = this.#maxMemory;
    const fits = () => maxMemory === undefined || staysBelow(jobs, this.parts, { room: maxMemory });
    const keepLoaded = this.keepLoaded && fits();
    const { parts, registry, runtime, devices, threads } = this;
    const { latentMean, latentStd } = this.#folders.prior;
    const unhashed = { ...this.#source, weights: {} };
    const model: OpenModel = {
      parts,
      registry,
      runtime,
      devices,
      threads,
      keepLoaded,
      maxMemory,
      latentMean,
      latentStd,
      ignoreMemory: this.#ignoreMemory,
      weights: this.#hashWeights ? this.#weights : undefined,
      // A picture that is finished is worth more than its hashes: where they cannot be had, the run fails without it being lost.
      identify: () => this.#hashWeights ? this.identity().catch(() => unhashed) : Promise.resolve(unhashed),
      makeJob: (options, index) => this.#job(options, index),
    };
    try {
      return pick(yield* paintJobs(jobs, model, { signal, before }));
    } finally {
      if (!keepLoaded) await this.#free();
    }
  }
}

/** What a model says about pictures. */
function sizesOf(folders: ModelFolders, { decoder: { stage, autoencoder } }: ModelParts): ModelSizes {
  return {
    rules: sizeRules(folders, { decoder: stage.config, vqgan: autoencoder.config }),
    defaults: modelDefaults(folders.defaults),
  };
}
