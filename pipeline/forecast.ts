/**
 * Forecasts the memory of a generation before anything is loaded.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import type { Memory } from "../stages/network_memory.ts";
import type { ModelParts } from "./parts.ts";
import type { SizePlan } from "./plan.ts";
import { type Batches, type PlannedSizes, stageNetworks } from "./stage_networks.ts";
import type { StageName } from "./types.ts";

/** Program, runtime library and JavaScript heap, measured on the bundled model. */
const program: Memory = { own: 75e6, mapped: 78e6 };

/** The picture on its way out of Stage A and into a file, measured; bytes a pixel. */
const pixelBytes = 8;

/** What the stages before Stage A leave with the allocator, measured on the bundled model. */
const leftBytes = 18e6;

function needs(
  parts: ModelParts,
  plan: PlannedSizes,
  batches: Batches,
): Readonly<Partial<Record<StageName, () => Memory>>> {
  const networks = Object.entries(stageNetworks(parts, plan, batches)).map(([stage, { memory }]) => [stage, memory]);
  const all: Partial<Record<StageName, () => Memory>> = Object.fromEntries(networks);
  const decode = all.pixels!;
  const { height, width } = plan.decoded;
  const { config, pixelsPerLatent } = parts.decoder.autoencoder;
  const isWhole = plan.tile === undefined ||
    plan.tile >= pixelsPerLatent * Math.max(plan.decoder.height, plan.decoder.width);
  // Tiles are put together in one more copy.
  const bytes = pixelBytes + (isWhole ? 0 : 4 * config.out_channels);
  const pixels = () => {
    const { own, mapped } = decode();
    return { own: own + leftBytes + bytes * height * width, mapped };
  };
  return { ...all, pixels };
}

/** Bytes of weights in memory: floats of 16 bits are widened to 32. */
export function loadedBytes({ tensors }: { tensors: ReadonlyMap<string, { shape: readonly number[] }> }): number {
  let elements = 0;
  for (const { shape } of tensors.values()) elements += shape.reduce((all, dim) => all * dim, 1);
  return 4 * elements;
}

/** Forecasts that were made, since each builds every network: many pictures of one command have the same sizes. */
const forecasts = new WeakMap<ModelParts, Map<string, Forecast>>();

/** Memory of a generation at its highest, in bytes. */
export interface Forecast {
  /** What takes most memory of the process's own. */
  readonly stage: string;
  /** That memory: it has to be there. */
  readonly own: number;
  /** With mapped files, at the stage with most of both: the process's `VmHWM`. */
  readonly peak: number;
}

/** What is forecast. */
export interface ForecastOptions {
  readonly batches: Batches;
  /** All stages stay in memory, in place of one at a time. */
  readonly keepLoaded?: boolean | undefined;
  /** Those that run; all that a generation has where left out. */
  readonly stages?: readonly StageName[] | undefined;
}

/** Forecasts a generation. */
export function forecastMemory(parts: ModelParts, plan: PlannedSizes, options: ForecastOptions): Forecast {
  const known = forecasts.get(parts) ?? new Map<string, Forecast>();
  forecasts.set(parts, known);
  const key = JSON.stringify([plan.prior, plan.decoder, plan.tile, options]);
  const forecast = known.get(key) ?? computeForecast(needs(parts, plan, options.batches), options);
  known.set(key, forecast);
  return forecast;
}

function computeForecast(
  needs: Readonly<Partial<Record<StageName, () => Memory>>>,
  { keepLoaded = false, stages }: ForecastOptions,
): Forecast {
  const chosen = Object.entries(needs).filter(([stage]) => stages?.includes(stage as StageName) ?? true);
  const each = chosen.map(([stage, memory]) => ({ stage, ...memory() }));
  const sum = (key: keyof Memory) => each.reduce((all, memory) => all + memory[key], 0);
  const all = keepLoaded ? [{ stage: "all stages together", own: sum("own"), mapped: sum("mapped") }] : each;
  const most = all.reduce((most, next) => next.own > most.own ? next : most, { stage: "start", own: 0, mapped: 0 });
  const peak = Math.max(0, ...all.map(({ own, mapped }) => own + mapped));
  return { stage: most.stage, own: program.own + most.own, peak: program.own + program.mapped + peak };
}

/** Writes bytes as `12.3 GB` or `45 MB`. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

/**
 * Refuses a generation that the free memory cannot hold. Mapped weights do not count: the system drops them where it has to, which
 * makes steps slower.
 *
 * @param options.free bytes; asked of the system where left out
 * @throws {ResourceError} naming the stage, what it needs and what is there
 */
export async function checkMemory(
  { image }: Pick<SizePlan, "image">,
  { stage, own }: Forecast,
  { free }: { free?: number } = {},
): Promise<void> {
  const room = free ?? await freeMemory();
  if (room === undefined || own <= room) return;
  const [needed, there] = [own, room].map(formatBytes);
  throw new ResourceError(
    `${stage}: ${image.width} × ${image.height} px needs about ${needed} of memory and ${there} are free: choose a smaller ` +
      "picture or fewer at once, or try it all the same with --ignore-memory",
  );
}
