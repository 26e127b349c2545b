/**
 * In how many bits a model's weights have to be for a picture to fit into a given memory.
 * @module
 */
import { type Precision, precisions } from "../weights/precision.ts";
import { smallestTile } from "./decode_picture.ts";
import { forecastMemory } from "./forecast.ts";
import { type ModelParts, networksOf } from "./parts.ts";
import { describePrecision, formatPrecision, networkNames } from "./precisions.ts";
import type { SizePlan } from "./plan.ts";
import type { Batches, PlannedSizes } from "./stage_networks.ts";

/** Memories that machines and cards come with, in bytes. */
export const rooms = [2e9, 4e9, 8e9] as const;

/** Side in pixels of the tiles that Stage A is tried in. */
const tileSide = 512;

/** Peaks of a picture in one precision, in bytes: as it is, and with Stage A in tiles where that is less. */
export interface Peaks {
  readonly precision: string;
  readonly whole: number;
  readonly tiled: number;
}

/** How a picture fits into a memory. */
export interface Fitting {
  readonly precision: string;
  /** Longest side in pixels of what Stage A decodes at once; nothing where it decodes the whole picture. */
  readonly tile?: number;
}

/** Opens a model with its weights in a precision; as they are stored where none is given. */
export type OpenInPrecision = (precision: Precision | undefined) => Promise<ModelParts>;

/**
 * Forecasts a picture in every precision that the model can be in, from the most exact to the smallest: the one that its weights were
 * written in, where they were; without 8 and 4 bits, which are for the processor, where anything runs on another device.
 */
export async function peaksOf(
  open: OpenInPrecision,
  plan: Pick<SizePlan, "prior" | "decoder" | "decoded">,
  { batches }: { batches: Batches },
): Promise<Peaks[]> {
  const stored = await open(undefined);
  const written = describePrecision(networksOf(stored));
  if (written !== undefined) return [{ precision: formatPrecision(written), ...forecasts(stored, plan, batches) }];
  const isElsewhere = networkNames.some((network) => stored.devices[network] !== undefined);
  const all: Peaks[] = [];
  for (const precision of precisions) {
    if (isElsewhere && /^int/.test(precision)) continue;
    all.push({ precision, ...forecasts(await open(precision), plan, batches) });
  }
  return all;
}

function forecasts(
  parts: ModelParts,
  { prior, decoder, decoded }: Pick<SizePlan, "prior" | "decoder" | "decoded">,
  batches: Batches,
): Pick<Peaks, "whole" | "tiled"> {
  const peak = (plan: PlannedSizes) => forecastMemory(parts, plan, { batches }).peak;
  const plan = { prior, decoder, decoded };
  const whole = peak(plan);
  const smallest = smallestTile(parts.decoder.autoencoder) ?? Infinity;
  const hasTiles = Math.max(decoded.height, decoded.width) > tileSide && smallest <= tileSide;
  return { whole, tiled: hasTiles ? Math.min(whole, peak({ ...plan, tile: tileSide })) : whole };
}

/** The most exact way that fits, tiles before fewer bits; nothing where none does. */
export function fitting(peaks: readonly Peaks[], room: number): Fitting | undefined {
  for (const { precision, whole, tiled } of peaks) {
    if (whole <= room) return { precision };
    if (tiled <= room) return { precision, tile: tileSide };
  }
  return undefined;
}

/** A way in words, as short as a table wants it; a dash where there is none. */
export function describeFitting(way: Fitting | undefined): string {
  if (!way) return "–";
  return way.tile === undefined ? way.precision : `${way.precision}, tiles`;
}
