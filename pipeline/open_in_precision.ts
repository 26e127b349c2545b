/**
 * Chooses in how many bits a model's weights are kept by the memory that there is.
 * @module
 */
import type { Registry } from "../plugins/registry.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import { describeThrift, type Fit, fitJob, forecastJob, refusal } from "./fit_memory.ts";
import type { Forecast } from "./forecast.ts";
import { Job } from "./job.ts";
import type { ModelFolders } from "./model_folders.ts";
import { modelDefaults } from "./options.ts";
import type { ModelParts } from "./parts.ts";
import type { PrecisionChoice } from "./precisions.ts";
import type { Precision } from "../weights/precision.ts";
import { type PresetName, presets } from "./presets.ts";
import { sizeRules } from "./size_rules.ts";
import type { GenerateOptions } from "./types.ts";

/** From the most exact to the smallest; nothing stands for weights as they are stored. */
const inOrder: readonly (Precision | undefined)[] = [undefined, "int8", "int4"];

/** What decides the precision. */
export interface PrecisionOptions {
  /** The user's own choice. */
  readonly precision: PrecisionChoice | "auto" | undefined;
  /** Has one for those who chose none. */
  readonly preset: PresetName | undefined;
  /** Bytes that must do, with tiles and smaller batches before fewer bits. */
  readonly maxMemory: number | undefined;
  /** What will be painted; where left out, a picture of the usual size. */
  readonly upcoming: readonly GenerateOptions[] | undefined;
  readonly registry: Registry;
}

/**
 * Opens a model in the precision that was chosen, or that its preset has; with `auto` or `maxMemory` in the most exact one from there on
 * with which all that is to be painted fits, mapped weights included, and in the smallest where none does.
 *
 * @throws {ResourceError} where `maxMemory` does not do, whatever is done, for what will be painted
 */
export async function openInPrecision(
  folders: ModelFolders,
  open: (precision: PrecisionChoice | undefined) => Promise<ModelParts>,
  { precision, preset, maxMemory, upcoming, registry }: PrecisionOptions,
): Promise<ModelParts> {
  if (precision !== undefined && precision !== "auto") return await open(precision);
  const stored = await open(undefined);
  const suggested = preset && presets[preset].precision;
  const isWritten = stored.prior.stage.network.precision !== "fp32";
  const first = suggested === undefined || isWritten ? stored : await open(suggested);
  const room = maxMemory ?? (precision === "auto" ? await freeMemory() : undefined);
  if (room === undefined) return first;

  const isThrifty = maxMemory !== undefined;
  const needed = { room, isThrifty, upcoming: upcoming ?? [{ prompt: "" }], registry };
  const plain = hardestOf(first, folders, needed);
  let [parts, hardest] = [first, plain];
  const rest = isWritten ? [] : inOrder.slice(inOrder.indexOf(suggested) + 1);
  for (const smaller of rest) {
    if (hardest.forecast.peak <= room) break;
    parts = await open(smaller);
    hardest = hardestOf(parts, folders, needed);
  }
  if (isThrifty && upcoming && hardest.forecast.peak > room) {
    const how = describeThrift(parts, hardest.thrift);
    throw refusal(hardest.job, { room, plain: plain.plain, least: hardest.forecast, how });
  }
  return parts;
}

/** The generation that takes most memory, and what it would take as it is. */
function hardestOf(
  parts: ModelParts,
  folders: ModelFolders,
  { room, isThrifty, upcoming, registry }: {
    room: number;
    isThrifty: boolean;
    upcoming: readonly GenerateOptions[];
    registry: Registry;
  },
): Fit & { job: Job; plain: Forecast } {
  const { stage, autoencoder } = parts.decoder;
  const rules = sizeRules(folders, { decoder: stage.config, vqgan: autoencoder.config });
  const defaults = modelDefaults(folders.defaults);
  const fits = upcoming.map((request, index) => {
    const job = new Job(request, { index, rules, defaults, registry });
    const plain = forecastJob(job, parts);
    return { job, plain, ...(isThrifty ? fitJob(job, parts, { room }) : { thrift: {}, forecast: plain }) };
  });
  return fits.reduce((most, fit) => fit.forecast.peak > most.forecast.peak ? fit : most);
}
