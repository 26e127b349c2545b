/**
 * Opens the models of an experiment.
 * @module
 */
import type { HubOptions } from "../pipeline/fetch_model.ts";
import type { LoadOptions } from "../pipeline/load_options.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import type { GenerateOptions, ModelIdentity } from "../pipeline/types.ts";
import type { Registry } from "../plugins/registry.ts";
import type { CellSettings } from "./config_schema.ts";

/** What models are opened with. */
export interface OpenOptions {
  /** Schedulers, priors and metrics that there are. */
  readonly registry: Registry;
  readonly hub?: HubOptions | undefined;
  readonly modelsFolder?: string | undefined;
  readonly ignoreMemory?: boolean | undefined;
}

/** The settings that decide which model paints, and how it is loaded. */
const loadKeys = [
  "model",
  "prior",
  "decoder",
  "variant",
  "loras",
  "precision",
  "device",
  "runtime",
  "threads",
] as const;

/** Weights that stay in memory, all stages at once, while a model paints. */
const lightBytes = 1e9;

/** A model of an experiment, opened. */
export interface OpenModel {
  readonly pipeline: Pipeline;
  readonly identity: ModelIdentity;
}

/** The settings of a generation, and those of its model apart. */
export function splitSettings(settings: CellSettings): {
  load: Pick<CellSettings, typeof loadKeys[number]>;
  generate: Omit<GenerateOptions, "seed">;
} {
  const isLoad = (key: string) => (loadKeys as readonly string[]).includes(key);
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    load: Object.fromEntries(entries.filter(([key]) => isLoad(key))) as Pick<CellSettings, typeof loadKeys[number]>,
    generate: Object.fromEntries(entries.filter(([key]) => !isLoad(key))) as unknown as Omit<GenerateOptions, "seed">,
  };
}

/** Models by what they are loaded with: each is opened once. No network is loaded. */
export class Models implements AsyncDisposable {
  readonly #options: OpenOptions;
  readonly #open = new Map<string, Promise<OpenModel>>();

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

  async [Symbol.asyncDispose](): Promise<void> {
    const open = await Promise.allSettled(this.#open.values());
    for (const model of open) if (model.status === "fulfilled") await model.value.pipeline[Symbol.asyncDispose]();
  }
}
