/**
 * A model that paints where no native code can be loaded: in a browser, on an edge runtime, in Deno without permissions.
 *
 * It runs the stages of `generate.ts` like {@linkcode Pipeline}, and leaves out what needs a machine: the hub, devices, forecasts of
 * memory, hashes of weights, and all formats of pictures but PNG.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { compressPng } from "../images/png_compress.ts";
import { type OpenRuntime, openRuntime, runtimeLabel } from "../plugins/open_runtime.ts";
import { portableRegistry } from "../plugins/portable.ts";
import type { Registry } from "../plugins/registry.ts";
import { version } from "../version.ts";
import type { Context, FinishedPicture } from "./context.ts";
import { generate } from "./generate.ts";
import { Job } from "./job.ts";
import { type PictureMetadata, pictureParameters } from "./metadata.ts";
import { openModelFolder } from "./model_folders.ts";
import { type ModelDefaults, modelDefaults } from "./options.ts";
import { type ModelParts, openParts } from "./parts.ts";
import type { SizeRules } from "./plan.ts";
import { type ModelFiles, mountModel } from "./portable_model.ts";
import { Previewer } from "./preview.ts";
import { createRun } from "./run.ts";
import { sizeRules } from "./size_rules.ts";
import { Clock } from "./timings.ts";
import type { GeneratedImage, GenerateEvent, GenerateOptions, GenerateResult, ModelIdentity, Run } from "./types.ts";

/** How a model is loaded where there is no native code. */
export interface PortableOptions {
  /** What runs the networks; ONNX Runtime as WebAssembly, out of the package's own files, where left out. */
  runtime?: OpenRuntime | undefined;
  /** Threads of the runtime, one a core where left out; one alone where WebAssembly may have no more. */
  threads?: number | undefined;
  /** Keeps every network in memory between generations, in place of one at a time. */
  keepLoaded?: boolean | undefined;
  /** What pictures call the model; its folder where left out. */
  name?: string | undefined;
  /** Plugins that open and sample the model; those that need no native code where left out. */
  registry?: Registry | undefined;
}

/** What a model is opened as. */
interface Opened {
  readonly model: ModelIdentity;
  readonly parts: ModelParts;
  readonly rules: SizeRules;
  readonly defaults: ModelDefaults;
  readonly latents: Pick<Context, "latentMean" | "latentStd">;
  readonly runtime: OpenRuntime;
  readonly threads: number;
  readonly keepLoaded: boolean;
  readonly registry: Registry;
  /** Takes files away that were put together for it. */
  readonly close: () => void;
}

/**
 * Opens a model: configurations are read and checkpoints checked; weights are read when a stage first runs.
 *
 * @param model its folder, or its files
 * @throws {CheckpointError} where it is missing, damaged or no Würstchen model, or a file cannot be fetched
 * @throws {ConfigError} where threads are no whole number
 */
export async function loadPortable(
  model: string | ModelFiles,
  options: PortableOptions = {},
): Promise<PortablePipeline> {
  const { threads = navigator.hardwareConcurrency, keepLoaded = false, registry = portableRegistry() } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new ConfigError(`Expected threads to be an integer greater than 0 but found ${threads}`);
  }
  const runtime = options.runtime ?? await openRuntime(registry, "wasm");
  const mounted = typeof model === "string" ? undefined : await mountModel(model);
  const close = () => mounted?.[Symbol.dispose]();
  try {
    const folder = typeof model === "string" ? model : mounted!.path;
    const folders = await openModelFolder(folder, { name: options.name ?? folder });
    const parts = await openParts(folders, { threads, runtime }, { registry });
    const { stage, autoencoder } = parts.decoder;
    return new PortablePipeline({
      model: { ...folders.source, weights: {} },
      parts,
      rules: sizeRules(folders, { decoder: stage.config, vqgan: autoencoder.config }),
      defaults: modelDefaults(folders.defaults),
      latents: folders.prior,
      runtime,
      threads,
      keepLoaded,
      registry,
      close,
    });
  } catch (error) {
    close();
    throw error;
  }
}

/** A model that paints without native code. It runs one generation at a time; further calls wait for their turn. */
export class PortablePipeline implements AsyncDisposable {
  readonly #opened: Opened;
  #queue: Promise<unknown> = Promise.resolve();

  /**
   * Takes what {@linkcode loadPortable} opens.
   *
   * @internal
   */
  constructor(opened: Opened) {
    this.#opened = opened;
  }

  /** What it paints with where nothing else is said. */
  get defaults(): ModelDefaults {
    return this.#opened.defaults;
  }

  /** Which sizes it can paint. */
  get rules(): SizeRules {
    return this.#opened.rules;
  }

  /**
   * Paints one generation. The run starts when it is first awaited or iterated.
   *
   * @throws {ConfigError} at once, where an option is out of its range or does not fit the model
   */
  generate(options: GenerateOptions): Run<GenerateResult> {
    const job = this.#job(options, 0);
    const enqueue = <Result>(task: () => Promise<Result>): Promise<Result> => {
      const turn = this.#queue.then(task, task);
      this.#queue = turn.catch(() => {});
      return turn;
    };
    return createRun((signal) => this.#work(job, signal), { enqueue, signal: options.signal });
  }

  #job(options: GenerateOptions, index: number): Job {
    const { parts: { prior, decoder }, rules, defaults, registry } = this.#opened;
    const job = new Job(options, { index, rules, defaults, registry });
    job.checkLatents("prior", prior.stage.channels);
    job.checkLatents("decoder", decoder.stage.config.c_in);
    job.checkHandOver({ image_embeddings: decoder.stage.config.effnet_embd, latents: decoder.stage.config.c_in });
    return job;
  }

  async *#work(job: Job, signal: AbortSignal): AsyncGenerator<GenerateEvent, GenerateResult> {
    const { model, parts, registry, runtime, threads, keepLoaded, latents } = this.#opened;
    const clock = new Clock();
    const previewer = new Previewer(parts);
    const label = await runtimeLabel(runtime);
    const context: Context = {
      parts,
      registry,
      latentMean: latents.latentMean,
      latentStd: latents.latentStd,
      keepLoaded,
      clock,
      signal,
      previewer,
      runtime,
      threads,
      makeJob: (options, index) => Promise.resolve(this.#job(options, index)),
      finish: (job, picture) => finish(job, picture, { version, runtime: label, threads, model }),
    };
    const { options, plan, index: run } = job;
    try {
      yield { type: "plan", run, plan, options, stages: job.stages() };
      yield* generate([job], context);
      const { images, warnings } = job;
      const handOver = job.request.stopAfter ? { handOver: job.handOver(model) } : {};
      const timings = clock.read();
      const result = { images, warnings, options, plan, seed: options.seed, timings, model, ...handOver };
      yield { type: "result", run, result };
      return result;
    } finally {
      await previewer.release();
      if (!keepLoaded) await this.#free();
    }
  }

  async #free(): Promise<void> {
    const { prior, decoder, compressor } = this.#opened.parts;
    const stages = [prior.text, prior.stage, decoder.text, decoder.stage, compressor];
    await Promise.all([...stages.map((stage) => stage?.network.release()), decoder.autoencoder.release()]);
  }

  /** Waits for what is running, then frees all memory. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue;
    await this.#free();
    this.#opened.close();
  }
}

/** Joins the bytes of a picture with what it says about itself. */
function finish(
  job: Job,
  { data, width, height, channels, index }: FinishedPicture,
  facts: Pick<PictureMetadata, "version" | "runtime" | "threads" | "model">,
): GeneratedImage {
  const { options, prompts } = job;
  const seed = typeof options.seed === "number" ? options.seed : options.seed[index]!;
  const prompt = prompts[Math.floor(index / options.imagesPerPrompt)]!;
  const pixels = { width, height, channels: channels as 1 | 3 | 4, data };
  const encode: GeneratedImage["encode"] = async (format, { metadata = true } = {}) => {
    if (format !== "png") {
      throw new ConfigError(`Cannot encode ${format} here: take png, or draw the picture's data on a canvas`);
    }
    const own: PictureMetadata = { ...facts, index, options };
    const texts = { parameters: pictureParameters(own, { prompt, seed }), wuerstchen: JSON.stringify(own) };
    return await compressPng(pixels, metadata ? { texts } : {});
  };
  return { ...pixels, seed, index, prompt, encode, png: () => encode("png") };
}
