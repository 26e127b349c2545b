/**
 * Forecasts the memory of a generation before anything is loaded.
 * @module
 */
import { ResourceError } from "../errors.ts";
import type { Device } from "../runtime/devices/device.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import type { Memory } from "../stages/network_memory.ts";
import type { ModelParts } from "./parts.ts";
import type { SizePlan } from "./plan.ts";
import { type Batches, type PlannedSizes, stageNetworks } from "./stage_networks.ts";
import type { StageName } from "./types.ts";

/** Program, runtime library and JavaScript heap, measured on the bundled model. */
const program: Memory = { own: 75e6, mapped: 78e6 };

/** What CUDA, cuBLAS and cuDNN take of a card for themselves: a round figure that has not been measured here. */
const cardLibraries: Memory = { own: 500e6, mapped: 0 };

/** Devices with memory of their own. That of the others may be the machine's, so the program counts there too. */
const cards: ReadonlySet<Device | undefined> = new Set(["cuda", "tensorrt"]);

/** What there is in memory beside networks. */
function besides(device: Device | undefined): Memory {
  return cards.has(device) ? cardLibraries : program;
}

/** Bytes at the peak of a network, with what there is beside it. */
export function peakOf({ own, mapped }: Memory, device?: Device): number {
  const base = besides(device);
  return base.own + base.mapped + own + mapped;
}

/** The picture on its way out of Stage A and into a file, measured; bytes a pixel. */
const pixelBytes = 8;

/** What the stages before Stage A leave with the allocator, measured on the bundled model. */
const leftBytes = 18e6;

/** What a stage needs of the memory of what it runs on. */
interface Need {
  readonly device: Device | undefined;
  readonly memory: () => Memory;
}

function needs(
  parts: ModelParts,
  plan: PlannedSizes,
  batches: Batches,
): Readonly<Partial<Record<StageName, Need>>> {
  const all: Partial<Record<StageName, Need>> = stageNetworks(parts, plan, batches);
  const { device, memory: decode } = all.pixels!;
  if (cards.has(device)) return all;
  const { height, width } = plan.decoded;
  const { config, pixelsPerLatent } = parts.decoder.autoencoder;
  const isWhole = plan.tile === undefined ||
    plan.tile >= pixelsPerLatent * Math.max(plan.decoder.height, plan.decoder.width);
  // Tiles are put together in one more copy.
  const bytes = pixelBytes + (isWhole ? 0 : 4 * config.out_channels);
  const memory = () => {
    const { own, mapped } = decode();
    return { own: own + leftBytes + bytes * height * width, mapped };
  };
  return { ...all, pixels: { device, memory } };
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
  /** What takes most memory of the process's own, or of a card where nothing runs elsewhere. */
  readonly stage: string;
  /** The process's own memory: it has to be there. */
  readonly own: number;
  /** Of the process with mapped files, at the stage with most of both (its `VmHWM`), or of a card where that takes more. */
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
  needs: Readonly<Partial<Record<StageName, Need>>>,
  { keepLoaded = false, stages }: ForecastOptions,
): Forecast {
  const chosen = Object.entries(needs).filter(([stage]) => stages?.includes(stage as StageName) ?? true);
  const each = chosen.map(([stage, { device, memory }]) => ({ stage, device, ...memory() }));
  const together = (some: typeof each): typeof each => {
    const sum = (key: keyof Memory) => some.reduce((all, memory) => all + memory[key], 0);
    return some.slice(0, 1).map(({ device }) => {
      return { stage: "all stages together", device, own: sum("own"), mapped: sum("mapped") };
    });
  };
  const [inProcess, onCards] = [false, true].map((isCard) => {
    const some = each.filter(({ device }) => cards.has(device) === isCard);
    return keepLoaded ? together(some) : some;
  }) as [typeof each, typeof each];
  const start = { stage: "start", device: undefined, own: 0, mapped: 0 };
  const largest = (some: typeof each) => some.reduce((most, next) => next.own > most.own ? next : most, start);
  const most = largest(inProcess);
  const all = each.length === 0 ? [start] : [...inProcess, ...onCards];
  return {
    stage: inProcess.length === 0 ? largest(onCards).stage : most.stage,
    own: program.own + most.own,
    peak: Math.max(...all.map((memory) => peakOf(memory, memory.device))),
  };
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
