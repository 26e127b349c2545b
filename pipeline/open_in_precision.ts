/**
 * Chooses in how many bits a model's weights are kept by the memory that there is.
 * @module
 */
import type { Registry } from "../plugins/registry.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import { describeThrift, type Fit, fitJob, forecastJob, refusal } from "./fit_memory.ts";
import type { Forecast } from "./forecast.ts";
import { Job } from "./job.ts";
import type { ModelDefaults } from "./options.ts";
import type { ModelParts } from "./parts.ts";
import type { SizeRules } from "./plan.ts";
import { networkNames, type PrecisionChoice } from "./precisions.ts";
import { type PresetName, presets } from "./presets.ts";
import type { GenerateOptions } from "./types.ts";

/**
 * Precisions from the most exact to the smallest; nothing stands for weights as they are stored. Weights of 8 and 4 bits are for the
 * processor: devices take 16.
 */
function inOrder({ devices }: ModelParts): readonly (PrecisionChoice | undefined)[] {
  const onDevice = networkNames.filter((network) => devices[network] !== undefined);
  if (onDevice.length === networkNames.length) return [undefined, "fp16"];
  const smaller = (["int8", "int4"] as const).map((word): PrecisionChoice => {
    if (onDevice.length === 0) return word;
    return Object.fromEntries(networkNames.map((network) => [network, onDevice.includes(network) ? "fp16" : word]));
  });
  return [undefined, ...smaller];
}

/** What a model says about pictures. */
export interface ModelSizes {
  readonly rules: SizeRules;
  readonly defaults: ModelDefaults;
}

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
 * @param sizesOf what the model that was opened says about pictures
 * @throws {ResourceError} where `maxMemory` does not do, whatever is done, for what will be painted
 */
export async function openInPrecision(
  sizesOf: (parts: ModelParts) => ModelSizes,
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
  const plain = hardestOf(first, sizesOf(first), needed);
  let [parts, hardest] = [first, plain];
  const order = inOrder(stored);
  const rest = isWritten ? [] : order.slice(Math.max(0, order.indexOf(suggested)) + 1);
  for (const smaller of rest) {
    if (hardest.forecast.peak <= room) break;
    const opened = await open(smaller);
    const found = hardestOf(opened, sizesOf(opened), needed);
    // 4 bits may take more than 8: some layers stay in 32 there.
    if (found.forecast.peak < hardest.forecast.peak) [parts, hardest] = [opened, found];
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
  { rules, defaults }: ModelSizes,
  { room, isThrifty, upcoming, registry }: {
    room: number;
    isThrifty: boolean;
    upcoming: readonly GenerateOptions[];
    registry: Registry;
  },
): Fit & { job: Job; plain: Forecast } {
  const fits = upcoming.map((request, index) => {
    const job = new Job(request, { index, rules, defaults, registry });
    const plain = forecastJob(job, parts);
    return { job, plain, ...(isThrifty ? fitJob(job, parts, { room }) : { thrift: {}, forecast: plain }) };
  });
  return fits.reduce((most, fit) => fit.forecast.peak > most.forecast.peak ? fit : most);
}
