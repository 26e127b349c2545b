/**
 * Opens the models of an experiment.
 * @module
 */
import type { HubOptions } from "../pipeline/fetch_model.ts";
import type { LoadOptions } from "../pipeline/load_options.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import type { GenerateOptions, ModelIdentity } from "../pipeline/types.ts";
import type { Registry } from "../plugins/registry.ts";
import { type CellSettings, loadKeys } from "./cell_schema.ts";

/** What models are opened with. */
export interface OpenOptions {
  /** Schedulers, priors and metrics that there are. */
  readonly registry: Registry;
  /** How models on the hub are fetched. */
  readonly hub?: HubOptions | undefined;
  /** Folder of the bundled models. */
  readonly modelsFolder?: string | undefined;
  /** Paints what needs more memory than is free, in place of refusing it. */
  readonly ignoreMemory?: boolean | undefined;
}

/** Settings that name files of tensors, which the library takes as such. */
const fileKeys: readonly string[] = ["priorLatents", "decoderLatents", "from"];

/** Weights that stay in memory, all stages at once, while a model paints. */
const lightBytes = 1e9;

/** A model of an experiment, opened. */
export interface OpenModel {
  /** Paints; no network is loaded yet. */
  readonly pipeline: Pipeline;
  /** Which weights it has. */
  readonly identity: ModelIdentity;
}

/** The settings of a generation, but for files that it reads, and those of its model apart. */
export function splitSettings(settings: CellSettings): {
  load: Pick<CellSettings, typeof loadKeys[number]>;
  generate: Partial<GenerateOptions>;
} {
  const isLoad = (key: string) => (loadKeys as readonly string[]).includes(key);
  const entries = Object.entries(settings).filter(([key, value]) => value !== undefined && !fileKeys.includes(key));
  return {
    load: Object.fromEntries(entries.filter(([key]) => isLoad(key))) as Pick<CellSettings, typeof loadKeys[number]>,
    // A preset says both.
    generate: Object.fromEntries(entries.filter(([key]) => !isLoad(key) || key === "preset")) as Partial<
      GenerateOptions
    >,
  };
}

/** Models by what they are loaded with: each is opened once. No network is loaded. */
export class Models implements AsyncDisposable {
  readonly #options: OpenOptions;
  readonly #open = new Map<string, Promise<OpenModel>>();

  /** Opens nothing yet. */
  constructor(options: OpenOptions) {
    this.#options = options;
  }

  /** What identifies the model of some settings among those of an experiment. */
  keyOf(settings: CellSettings): string {
    return JSON.stringify(splitSettings(settings).load);
  }

  /**
   * The model of some settings.
   *
   * @throws {CheckpointError} where it is missing or damaged
   */
  async of(settings: CellSettings): Promise<OpenModel> {
    const key = this.keyOf(settings);
    const open = this.#open.get(key) ?? this.#load(settings);
    this.#open.set(key, open);
    return await open;
  }

  async #load(settings: CellSettings): Promise<OpenModel> {
    const { model, ...options } = splitSettings(settings).load;
    // The schema has checked them; what a device is called is the pipeline's to know.
    const pipeline = await loadPipeline(model, { ...options as LoadOptions, ...this.#options });
    pipeline.keepLoaded = pipeline.weightBytes <= lightBytes;
    return { pipeline, identity: await pipeline.identity() };
  }

  /** Closes all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const open = await Promise.allSettled(this.#open.values());
    for (const model of open) if (model.status === "fulfilled") await model.value.pipeline[Symbol.asyncDispose]();
  }
}
