/**
 * Forecasts the memory of a generation before anything is loaded.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { type Graph, peakActivationBytes } from "../onnx/mod.ts";
import type { ModelParts } from "./parts.ts";
import type { SizePlan } from "./plan.ts";

/** Program, runtime library and JavaScript heap, measured on the bundled model. */
const baseBytes = 200e6;

/** Rows that each stage runs at once. */
export interface Batches {
  readonly prior: number;
  readonly decoder: number;
}

interface NeedOf {
  readonly name: string;
  readonly weights: number;
  graph(): Graph;
  readonly batch: number;
}

function needs({ prior, decoder }: ModelParts, plan: Pick<SizePlan, "prior" | "decoder">, batches: Batches): NeedOf[] {
  const [priorTokens, decoderTokens] = [prior.text.tokens, decoder.text.tokens];
  const { checkpoint: priorWeights } = prior.stage.network;
  const { checkpoint: decoderWeights } = decoder.stage.network;
  return [
    {
      name: "prior",
      weights: loadedBytes(priorWeights),
      graph: () => prior.stage.network.graph({ ...plan.prior, tokens: priorTokens }),
      batch: batches.prior,
    },
    {
      name: "decoder",
      weights: loadedBytes(decoderWeights),
      graph: () => decoder.stage.network.graph({ ...plan.decoder, embedding: plan.prior, tokens: decoderTokens }),
      batch: batches.decoder,
    },
    {
      name: "pixels",
      weights: loadedBytes(decoder.autoencoder.network.checkpoint),
      graph: () => decoder.autoencoder.network.graph(plan.decoder),
      batch: 1,
    },
  ];
}

/** Bytes of weights in memory: floats of 16 bits are widened to 32. */
export function loadedBytes({ tensors }: { tensors: ReadonlyMap<string, { shape: readonly number[] }> }): number {
  let elements = 0;
  for (const { shape } of tensors.values()) elements += shape.reduce((all, dim) => all * dim, 1);
  return 4 * elements;
}

/** Forecasts that were made, since each builds every network: many pictures of one command have the same sizes. */
const forecasts = new WeakMap<ModelParts, Map<string, Forecast>>();

interface Forecast {
  readonly stage: string;
  readonly bytes: number;
}

/** Peak memory in bytes of the heaviest stage, one stage being loaded at a time. */
export function forecastBytes(
  parts: ModelParts,
  plan: Pick<SizePlan, "prior" | "decoder">,
  batches: Batches,
): Forecast {
  const known = forecasts.get(parts) ?? new Map<string, Forecast>();
  forecasts.set(parts, known);
  const key = JSON.stringify([plan.prior, plan.decoder, batches]);
  const forecast = known.get(key) ?? computeForecast(parts, plan, batches);
  known.set(key, forecast);
  return forecast;
}

function computeForecast(
  parts: ModelParts,
  plan: Pick<SizePlan, "prior" | "decoder">,
  batches: Batches,
): Forecast {
  return needs(parts, plan, batches)
    .map(({ name, weights, graph, batch }) => ({
      stage: name,
      bytes: baseBytes + weights + peakActivationBytes(graph(), { batch }),
    }))
    .reduce((most, next) => next.bytes > most.bytes ? next : most);
}

/** Writes bytes as `12.3 GB` or `45 MB`. */
export function formatBytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`;
}

/** Free memory in bytes with swap, or `undefined` where the program may not ask (`--allow-sys=systemMemoryInfo`). */
export async function freeMemory(): Promise<number | undefined> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  if (state !== "granted") return undefined;
  const { available, swapFree } = Deno.systemMemoryInfo();
  return available + swapFree;
}

/**
 * Refuses a generation that this machine's memory cannot hold.
 *
 * @throws {ResourceError} naming the stage, what it needs and what is there
 */
export async function checkMemory(parts: ModelParts, plan: SizePlan, batches: Batches): Promise<void> {
  const free = await freeMemory();
  const { stage, bytes } = forecastBytes(parts, plan, batches);
  if (free === undefined || bytes <= free) return;
  throw new ResourceError(
    `${stage}: ${plan.image.width} × ${plan.image.height} px needs about ${formatBytes(bytes)} of memory and ` +
      `${formatBytes(free)} are free: choose a smaller picture or fewer at once`,
  );
}
