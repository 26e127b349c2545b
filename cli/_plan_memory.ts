/**
 * Memory of a picture as painting it will forecast it, whether the model's files are here or not.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { tilesOf } from "../pipeline/decode_picture.ts";
import { chooseDevices } from "../pipeline/devices.ts";
import { describeThrift, forecastJob, saveMemory } from "../pipeline/fit_memory.ts";
import { peakOf } from "../pipeline/forecast.ts";
import type { Work } from "../pipeline/forecast_time.ts";
import { Job } from "../pipeline/job.ts";
import { openInPrecision } from "../pipeline/open_in_precision.ts";
import { stageCosts, workOf } from "../pipeline/operations.ts";
import { type ModelParts, openParts } from "../pipeline/parts.ts";
import { type NetworkName, networkNames, type PrecisionChoice } from "../pipeline/precisions.ts";
import { publishedParts } from "../pipeline/published_parts.ts";
import type { StageName } from "../pipeline/types.ts";
import { type Fitting, fitting, peaksOf, rooms } from "../pipeline/what_fits.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import type { Device } from "../runtime/devices/device.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { DescribedModel } from "./_model_configs.ts";
import type { PlanFlags } from "./plan.ts";

/** The stages by their networks. */
const stages: Readonly<Record<NetworkName, StageName>> = {
  prior_text_encoder: "prior text",
  prior: "prior",
  decoder_text_encoder: "decoder text",
  decoder: "decoder",
  vqgan: "pixels",
};

/** The networks by the names of their rows. */
export const rowNames: Readonly<Record<NetworkName | "preview", string>> = {
  prior_text_encoder: "prior_text_encoder",
  prior: "prior",
  decoder_text_encoder: "decoder_text_encoder",
  decoder: "decoder",
  vqgan: "vqgan decode",
  preview: "preview",
};

/** What a network takes, of the memory of what it runs on. */
export interface NetworkMemory {
  readonly device: Device;
  /** Bytes at the peak, with what there is beside it. */
  readonly memory: number;
}

/** What computing a network takes. */
export type NetworkWork = (evaluations: number) => Required<Work>;

/** How the picture fits into a memory that machines and cards come with; without `way` it does not. */
export interface RoomFit {
  /** Bytes. */
  readonly room: number;
  readonly way?: Fitting;
}

/** What a plan says about memory. */
export interface PlannedMemory {
  /** By the names of rows. */
  readonly networks: ReadonlyMap<string, NetworkMemory>;
  /** By the names of rows; that of a picture once more for every further tile. */
  readonly work: ReadonlyMap<string, NetworkWork>;
  /** What keeps it below `--max-memory`, in words; empty where nothing has to. */
  readonly how: string;
  readonly fits: readonly RoomFit[];
  /** What the user has to know about devices. */
  readonly notices: readonly string[];
}

/**
 * Forecasts a picture of a model.
 *
 * @param options.checkpointOf weights by their folders, of which only the headers are here
 * @throws {CheckpointError} where weights and configurations do not fit
 * @throws {ResourceError} where `--max-memory` does not do, with the least that does
 */
export async function planMemory(
  { folders, rules, defaults }: DescribedModel,
  { variant, precision, maxMemory, width, height, device }: PlanFlags,
  { checkpointOf }: { checkpointOf?: ((folder: string) => Checkpoint | undefined) | undefined } = {},
): Promise<PlannedMemory> {
  const { networks: devices, notices } = await chooseDevices(device, { isElsewhere: true });
  const registry = builtinRegistry();
  const open = (precision: PrecisionChoice | undefined): Promise<ModelParts> => {
    if (!folders) return Promise.resolve(publishedParts({ precision, devices }));
    // No picture is painted by its compressor.
    const { compressor: _, ...painting } = folders;
    return openParts(painting, {}, { registry, variant, precision, devices, checkpointOf });
  };
  const request = { prompt: "", width, height };
  const chosen = { precision, preset: undefined, maxMemory, upcoming: [request], registry };
  const parts = await openInPrecision(() => ({ rules, defaults }), open, chosen);
  const job = new Job(request, { index: 0, rules, defaults, registry });
  const { batches } = job;
  if (maxMemory !== undefined) saveMemory(job, parts, { room: maxMemory });
  const networks = networkNames.map((name): [string, NetworkMemory] => {
    const { peak } = forecastJob(job, parts, { stages: [stages[name]] });
    return [rowNames[name], { device: devices[name] ?? "cpu", memory: peak }];
  });
  const { height: rows, width: columns } = job.plan.prior;
  const preview = parts.preview?.network.memory({ height: rows, width: columns }, { batch: 1 });
  const costs = stageCosts(parts, { ...job.plan, tile: job.options.tile }, job.batches);
  const tiles = tilesOf(parts.decoder.autoencoder, job.plan.decoder, job.options);
  const work = networkNames.map((name): [string, NetworkWork] => {
    const times = name === "vqgan" ? tiles.rows.length * tiles.columns.length : 1;
    return [rowNames[name], (evaluations) => workOf(costs[stages[name]]!, times * evaluations)];
  });
  const peaks = await peaksOf(open, job.plan, { batches });
  return {
    networks: new Map([
      ...networks,
      ...(preview ? [[rowNames.preview, { device: "cpu", memory: peakOf(preview) }] as const] : []),
    ]),
    work: new Map(work),
    how: maxMemory === undefined ? "" : describeThrift(parts, job.options),
    fits: rooms.map((room) => {
      const way = fitting(peaks, room);
      return { room, ...(way ? { way } : {}) };
    }),
    notices,
  };
}

/** @throws {ConfigError} where a flag says how a model is run, and a training is planned */
export function checkModelFlags(what: string, { precision, maxMemory, device }: PlanFlags): void {
  const given = { "--precision": precision, "--max-memory": maxMemory, "--device": device };
  const flag = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
  if (flag !== undefined) throw new ConfigError(`Expected ${flag} with a model but found the training ${what}`);
}
