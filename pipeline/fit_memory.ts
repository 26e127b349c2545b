/**
 * Makes a generation fit into a given memory, without changing its pictures beyond rounding.
 * @module
 */
import { parseBytes } from "../config/parse_bytes.ts";
import { ConfigError, ResourceError } from "../errors.ts";
import { type Forecast, forecastMemory, formatBytes } from "./forecast.ts";
import { smallestTile } from "./decode_picture.ts";
import type { Job } from "./job.ts";
import type { LoadOptions } from "./load_options.ts";
import { type ModelParts, networksOf } from "./parts.ts";
import { describePrecision, formatPrecision } from "./precisions.ts";
import type { MemoryPlan, StageName } from "./types.ts";

/** What makes a generation need less memory and more time. */
export interface Thrift {
  /** Longest side in pixels that Stage A decodes at once. */
  readonly tile?: number | undefined;
  /** Most pictures that a stage runs at once. */
  readonly batchSize?: number | undefined;
}

/** How a generation is made to fit, and what it then takes. */
export interface Fit {
  readonly thrift: Thrift;
  readonly forecast: Forecast;
}

/** Sides of tiles that are tried. Much of a small one is halo, which is decoded in vain. */
const tileSides = [2048, 1536, 1024, 768, 512, 384, 256, 192, 128];

/** A tile keeps at least this share of its sides. */
const leastKept = 1 / 3;

/** Memory of a job at its highest, with and without what would make it less. */
export function forecastJob(
  job: Job,
  parts: ModelParts,
  { thrift = job.options, stages = job.stages().map(({ stage }) => stage), keepLoaded }: {
    thrift?: Thrift;
    stages?: readonly StageName[];
    keepLoaded?: boolean;
  } = {},
): Forecast {
  const plan = { ...job.plan, tile: thrift.tile };
  return forecastMemory(parts, plan, { batches: job.batchesOf(thrift), stages, keepLoaded });
}

/**
 * Looks for the largest batches and tiles with which a job takes at most `room` bytes, mapped weights included; what was asked for stays.
 * Where nothing fits, it is what takes least.
 */
export function fitJob(job: Job, parts: ModelParts, { room }: { room: number }): Fit {
  const stages = job.stages().map(({ stage }) => stage);
  const first = (tried: readonly Thrift[], stages: readonly StageName[]) => {
    const fits = (thrift: Thrift) => forecastJob(job, parts, { thrift, stages }).peak <= room;
    return tried.find(fits) ?? tried.at(-1)!;
  };
  const { tile, batchSize } = first(batchSizes(job), stages.filter((stage) => stage !== "pixels"));
  const batch = { tile, batchSize };
  const thrift = stages.includes("pixels") ? { ...batch, ...first(tiles(job, parts), ["pixels"]) } : batch;
  return { thrift: withoutUndefined(thrift), forecast: forecastJob(job, parts, { thrift }) };
}

/** All at once, then half of them, and so on. */
function batchSizes(job: Job): Thrift[] {
  const { tile, batchSize } = job.options;
  if (batchSize !== undefined || job.count === 1) return [{ tile, batchSize }];
  const sizes: Thrift[] = [{ tile }];
  for (let size = job.count; size > 1;) sizes.push({ tile, batchSize: size = Math.ceil(size / 2) });
  return sizes;
}

/** Whole pictures, then smaller and smaller tiles. */
function tiles(job: Job, { decoder: { autoencoder } }: ModelParts): Pick<Thrift, "tile">[] {
  const { tile } = job.options;
  const smallest = smallestTile(autoencoder);
  if (tile !== undefined || smallest === undefined) return [{ tile }];
  const { height, width } = job.plan.decoded;
  const least = smallest / (1 - leastKept);
  const sides = tileSides.filter((side) => side >= least && side < Math.max(height, width));
  return [{}, ...sides.map((tile) => ({ tile }))];
}

/** The largest tile of at most half the side that Stage A decodes at once now; nothing where it cannot be smaller. */
export function smallerTile(job: Job, { decoder: { autoencoder } }: ModelParts): number | undefined {
  const smallest = smallestTile(autoencoder);
  if (smallest === undefined) return undefined;
  const { height, width } = job.plan.decoded;
  const most = (job.options.tile ?? Math.max(height, width)) / 2;
  return tileSides.find((side) => side >= smallest / (1 - leastKept) && side <= most);
}

function withoutUndefined(thrift: Thrift): Thrift {
  return Object.fromEntries(Object.entries(thrift).filter(([, value]) => value !== undefined));
}

/** In words what makes a generation fit: `weights in int8, tiles of 512 px, 2 pictures at once`; empty where nothing has to. */
export function describeThrift(parts: ModelParts, { tile, batchSize }: Thrift): string {
  const precision = describePrecision(networksOf(parts));
  return [
    ...(precision === undefined ? [] : [`weights in ${formatPrecision(precision)}`]),
    ...(tile === undefined ? [] : [`Stage A in tiles of ${tile} px`]),
    ...(batchSize === undefined ? [] : [batchSize === 1 ? "one picture at a time" : `${batchSize} pictures at a time`]),
  ].join(", ");
}

/**
 * Reads the memory that generations may take.
 *
 * @throws {ConfigError} where it is no size, or a limit is to be kept and ignored
 */
export function checkMaxMemory({ maxMemory, ignoreMemory }: Pick<LoadOptions, "maxMemory" | "ignoreMemory">) {
  if (maxMemory === undefined) return undefined;
  if (ignoreMemory) throw new ConfigError("Expected maxMemory or ignoreMemory but found both");
  return parseBytes(String(maxMemory), "maxMemory");
}

/**
 * Makes a job fit, where it has to be.
 *
 * @throws {ResourceError} where it cannot fit
 */
export function saveMemory(job: Job, parts: ModelParts, { room }: { room: number }): void {
  const plain = forecastJob(job, parts);
  if (plain.peak <= room) return;
  const { thrift, forecast } = fitJob(job, parts, { room });
  if (forecast.peak > room) throw refusal(job, { room, plain, least: forecast, how: describeThrift(parts, thrift) });
  job.save(thrift);
}

/** Whether jobs fit with all stages in memory at once. */
export function staysBelow(jobs: readonly Job[], parts: ModelParts, { room }: { room: number }): boolean {
  return jobs.every((job) => forecastJob(job, parts, { keepLoaded: true }).peak <= room);
}

/** What a job that fits takes, and what makes it fit. */
export function planMemory(
  job: Job,
  parts: ModelParts,
  { room, keepLoaded }: { room: number; keepLoaded: boolean },
): MemoryPlan {
  const { peak, stage } = forecastJob(job, parts, { keepLoaded });
  return { limit: room, peak, stage, how: describeThrift(parts, job.options) };
}

/** Says that a job does not fit, what it would take as it is, and the least that it could do. */
export function refusal(
  { plan: { image } }: Job,
  { room, plain, least, how }: { room: number; plain: Forecast; least: Forecast; how: string },
): ResourceError {
  return new ResourceError(
    `${plain.stage}: ${image.width} × ${image.height} px needs about ${
      formatBytes(plain.peak)
    } of memory, and at the least ` +
      `${formatBytes(least.peak)}${how === "" ? "" : ` (${how})`}, but maxMemory is ${formatBytes(room)}: ` +
      "choose a smaller picture or another model, or allow more",
  );
}
