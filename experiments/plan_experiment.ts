/**
 * Plans an experiment: which pictures it paints, and what that takes. Models are opened, no network is loaded.
 * @module
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { ConfigError, PluginError } from "../errors.ts";
import { forecastSeconds } from "../pipeline/forecast_time.ts";
import { hashInputs } from "../pipeline/finish_picture.ts";
import type { MachineSpeed } from "../pipeline/machine_speed.ts";
import { type GenerationPlan, planGeneration } from "../pipeline/plan_generation.ts";
import { compressorOf } from "../pipeline/reconstruct.ts";
import type { GenerateOptions } from "../pipeline/types.ts";
import { type OpenMetric, openMetric } from "../plugins/open_metric.ts";
import type { PluginChoice } from "../plugins/registry.ts";
import { type Cell, makeCells, picturesOf } from "./cells.ts";
import type { CellSettings } from "./cell_schema.ts";
import type { Experiment } from "./experiment.ts";
import { Models, type OpenOptions } from "./models.ts";
import { canonicalJson, pictureId } from "./picture_id.ts";
import { Requests } from "./requests.ts";
import type { StoredPlan } from "./stored_plan.ts";
import { sweptKeys } from "./sweep.ts";
import { TruePictures } from "./true_pictures.ts";

/** A picture that is to be painted, once, however many cells show it. */
export interface PlannedPicture {
  /** Name by its content. */
  readonly id: string;
  /** As they are written. */
  readonly settings: CellSettings;
  /** Start of the generator. */
  readonly seed: number;
  /** From 0; a picture that is painted again to measure times has another name. */
  readonly repeat: number;
  /** Its place among the pictures that are painted with it, in one draw. */
  readonly image: number;
  /** Name of the draw: that of its first picture. */
  readonly draw: string;
  /** What the library is asked for. */
  readonly request: GenerateOptions;
  /**
   * What its draw takes.
   *
   * @internal
   */
  readonly plan: GenerationPlan;
}

/** A cell with its pictures. */
export interface PlannedCell extends Cell {
  /** Its picture. */
  readonly id: string;
  /** What metrics compare it with. */
  readonly referenceId: string | undefined;
}

/** A metric with the key that its numbers are kept under. */
export type PlannedMetric = OpenMetric & { readonly key: string };

/** What an experiment will do. */
export interface ExperimentPlan {
  /** What is planned. */
  readonly experiment: Experiment;
  /** One a picture that is shown. */
  readonly cells: readonly PlannedCell[];
  /** By name, those of one model one after the other. */
  readonly pictures: ReadonlyMap<string, PlannedPicture>;
  /** What is measured. */
  readonly metrics: readonly PlannedMetric[];
  /**
   * The true pictures that metrics of sets compare with.
   *
   * @internal
   */
  readonly truth: TruePictures | undefined;
  /** What paints; to be disposed of when nothing is painted any more. */
  readonly models: Models;
}

/**
 * Plans an experiment.
 *
 * @throws {ConfigError} where there are too many cells, or settings do not fit a model, naming the cell
 * @throws {CheckpointError} where a model is missing or damaged
 */
export async function planExperiment(experiment: Experiment, options: OpenOptions): Promise<ExperimentPlan> {
  const cells = makeCells(experiment);
  const metrics = await openMetrics(experiment, options);
  const { data } = experiment.config;
  const truth = data && await TruePictures.open(data);
  const models = new Models(options);
  try {
    const plugins = await pluginHashes(options);
    const pictures = new Map<string, PlannedPicture>();
    const requests = new Requests();
    const draws = new Map<string, readonly PlannedPicture[]>();
    const drawOf = async (settings: CellSettings, at: { seed: number; repeat: number }) => {
      const key = canonicalJson([settings, at]);
      const draw = draws.get(key) ?? await planDraw(settings, at, { models, requests, plugins });
      draws.set(key, draw);
      for (const picture of draw) if (!pictures.has(picture.id)) pictures.set(picture.id, picture);
      return draw;
    };
    const planned: PlannedCell[] = [];
    for (const cell of cells) {
      const { settings, reference, seed, repeat, image } = cell;
      try {
        const other = reference && (await drawOf(reference, { seed, repeat: 0 }))[image]!;
        const own = (await drawOf(settings, { seed, repeat }))[image]!;
        planned.push({ ...cell, seed: own.seed, id: own.id, referenceId: other?.id });
      } catch (error) {
        throw explained(error, cell);
      }
    }
    if (metrics.some((metric) => "compare" in metric)) {
      for (const { settings } of planned) compressorOf((await models.of(settings)).pipeline.parts);
    }
    return { experiment, cells: planned, pictures: byModel(pictures, models), metrics, truth, models };
  } catch (error) {
    await models[Symbol.asyncDispose]();
    throw error;
  }
}

/** The pictures of one draw. */
async function planDraw(
  settings: CellSettings,
  { seed, repeat }: { seed: number; repeat: number },
  { models, requests, plugins }: { models: Models; requests: Requests; plugins: readonly string[] },
): Promise<PlannedPicture[]> {
  const { pipeline, identity: model } = await models.of(settings);
  const request = await requests.of(settings, { seed });
  const plan = await planGeneration(pipeline, request);
  const { options } = plan;
  const count = picturesOf({ ...settings, imagesPerPrompt: options.imagesPerPrompt });
  if (count !== picturesOf(settings)) {
    throw new ConfigError(
      `Expected imagesPerPrompt to be ${options.imagesPerPrompt}, as in ${settings.from}, but found ${
        settings.imagesPerPrompt ?? "none"
      }`,
    );
  }
  const machine = [settings.threads, settings["device"], settings["runtime"]];
  const content = { options, model, machine, ...hashInputs(request), repeat, plugins };
  const ids = Array.from({ length: count }, (_, image) => pictureId({ ...content, image }));
  const own = typeof options.seed === "number" ? options.seed : undefined;
  return ids.map((id, image) => ({
    id,
    draw: ids[0]!,
    image,
    settings,
    seed: own ?? (options.seed as readonly number[])[image]!,
    repeat,
    request,
    plan,
  }));
}

/** The plan as its folder keeps it. */
export function toStored({ experiment: { name, config }, cells, metrics, truth }: ExperimentPlan): StoredPlan {
  const { description, average, report, plugins, sweep = {} } = config;
  return {
    name,
    ...(description === undefined ? {} : { description }),
    swept: sweptKeys(sweep),
    average,
    axes: report,
    plugins,
    cells: cells.map(({ id, referenceId, settings, swept, seed, repeat, image }) => ({
      id,
      ...(referenceId === undefined ? {} : { referenceId }),
      settings,
      swept,
      seed,
      repeat,
      image,
    })),
    metrics: metrics.map((metric) => {
      const { key, unit, better } = metric;
      const isOfSets = "compare" in metric;
      const of = truth && isOfSets ? { truth: { hash: truth.hash, count: truth.count } } : {};
      return { key, unit, better, isOfSets, ...of };
    }),
  };
}

/** What a plan takes, of the pictures that are not finished; no seconds where some of it runs on a device, whose speed is not known. */
export function forecastExperiment(
  { pictures }: Pick<ExperimentPlan, "pictures">,
  { speed, isFinished = () => false }: { speed: MachineSpeed; isFinished?: (id: string) => boolean },
): { pictures: number; seconds: number | undefined; flops: number; memory: number } {
  const left = [...pictures.values()].filter(({ id }) => !isFinished(id));
  // A draw is painted as a whole.
  const work = [...new Map(left.map(({ draw, plan }) => [draw, plan.work])).values()].flat();
  return {
    pictures: left.length,
    seconds: work.some(({ device }) => device !== undefined)
      ? undefined
      : work.reduce((sum, part) => sum + forecastSeconds(part, { speed, kind: "inference" }), 0),
    flops: work.reduce((sum, { flops }) => sum + flops, 0),
    memory: left.reduce((most, { plan }) => Math.max(most, plan.memory.peak), 0),
  };
}

async function openMetrics(
  { config, placeOf }: Experiment,
  { registry }: OpenOptions,
): Promise<PlannedMetric[]> {
  const { metrics, reference, data } = config;
  const opened: PlannedMetric[] = [];
  for (const choice of metrics as (string | PluginChoice)[]) {
    const metric = await openMetric(registry, choice);
    const key = typeof choice === "string" ? choice : `${choice.name}${optionsKey(choice)}`;
    if (opened.some((other) => other.key === key)) {
      throw new ConfigError(`${placeOf(["metrics"])}: "metrics": Expected ${key} once but found it again`);
    }
    if (reference === undefined && (data === undefined || "measure" in metric)) {
      const or = "compare" in metric ? ', or "data", true pictures' : "";
      throw new ConfigError(
        `${placeOf(["metrics"])}: "metrics": Expected "reference" too, the settings of what ${key} compares pictures ` +
          `with, such as { "priorSteps": 60 }${or}`,
      );
    }
    opened.push({ ...metric, key });
  }
  return opened;
}

function optionsKey({ options = {} }: PluginChoice): string {
  const all = Object.entries(options).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return all.length === 0 ? "" : `(${all.join(", ")})`;
}

/** What outside plugins are: files by their content, others by their address. */
async function pluginHashes({ registry }: OpenOptions): Promise<string[]> {
  const outside = registry.list().filter(({ source }) => source !== "built in");
  const hashes = await Promise.all(outside.map(async ({ source }) => {
    const bytes = source.startsWith("file:")
      ? await Deno.readFile(fileURLToPath(source))
      : new TextEncoder().encode(source);
    return createHash("sha256").update(bytes).digest("hex");
  }));
  return hashes.sort();
}

/** The same pictures, those of one model one after the other: it is loaded once. */
function byModel(pictures: ReadonlyMap<string, PlannedPicture>, models: Models): Map<string, PlannedPicture> {
  const groups = Map.groupBy(pictures.values(), ({ settings }) => models.keyOf(settings));
  return new Map([...groups.values()].flat().map((picture) => [picture.id, picture]));
}

/** An error about the settings of a cell, with what makes the cell what it is. */
function explained(error: unknown, { swept }: Cell): unknown {
  const keys = Object.entries(swept);
  if (keys.length === 0 || !(error instanceof ConfigError || error instanceof PluginError)) return error;
  const where = keys.map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", ");
  return new ConfigError(`cell with ${where}: ${error.message}`, { cause: error });
}
