/**
 * What a training shows of itself: grids of samples, and how large Stage A's latents are.
 * @module
 */
import { basename, join } from "node:path";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { tileImages } from "../images/grid.ts";
import type { Pixels } from "../images/pixels.ts";
import { encodePng } from "../images/png_encode.ts";
import { psnr } from "../images/psnr.ts";
import { paellaDecode, paellaEncode, type PaellaVqConfig } from "../networks/paella_vq.ts";
import { graph, input, type Value } from "../onnx/mod.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import { loraFile } from "./checkpoint.ts";
import type { PhaseName, TrainingConfig } from "./config.ts";
import { FrozenNetwork } from "./frozen_network.ts";
import { readNetwork } from "./model_folder.ts";
import { previewTarget } from "./phases/preview.ts";
import type { NetworkConfigs } from "./networks.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { RunFolder } from "./run_folder.ts";
import type { TrainingData } from "./training_data.ts";
import type { LoggedEvent } from "./training_event.ts";

/** Most pictures that the size of latents is measured on. */
const measured = 64;

/** Most numbers of pictures that go through Stage A at once. */
const mostAtOnce = 1 << 22;

/** Fixed pictures of the data set, those that the phase does not see where there are such: [n, c, h, w]. */
async function fixedPictures(data: TrainingData, { config, count }: { config: TrainingConfig; count: number }) {
  const { training, heldOut } = data.split(config.stageA ?? {});
  const indices = heldOut.length >= count ? heldOut : training;
  const batch = Math.min(count, indices.length);
  using loader = data.loader({ indices, batch, seed: config.seed + 3, size: data.size, workers: 0 });
  return await loader.next();
}

/** Runs a network on a few pictures [n, c, h, w] at a time, so that memory does not grow with their number. */
async function runInParts(
  images: Tensor<"float32">,
  { build, weights, config }: { build: (pixels: Value) => Value; weights: Weights; config: TrainingConfig },
): Promise<Float32Array> {
  const [count, ...dims] = images.shape as [number, ...number[]];
  const size = sizeOf(dims);
  const most = Math.max(1, Math.min(count, Math.floor(mostAtOnce / size)));
  const pixels = input("pixels", "float32", ["batch", ...dims]);
  const network = graph({ inputs: [pixels], outputs: { result: build(pixels) } });
  await using stage = await FrozenNetwork.create(network, weights, { threads: config.threads });
  const parts: Float32Array[] = [];
  for (let i = 0; i < count; i += most) {
    const rows = Math.min(most, count - i);
    const part = tensor("float32", [rows, ...dims], images.data.subarray(i * size, (i + rows) * size));
    parts.push((await stage.run({ pixels: part }))["result"]!.data as Float32Array);
  }
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Standard deviation of Stage A's latents over pictures of the data set: `scale_factor` of the model. */
export async function latentDeviation(
  vqgan: PaellaVqConfig,
  weights: Weights,
  { data, config }: { data: TrainingData; config: TrainingConfig },
): Promise<number> {
  const { images } = await fixedPictures(data, { config, count: measured });
  const values = await runInParts(images, { build: (pixels) => paellaEncode(vqgan, pixels), weights, config });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Channels that can be shown as they are; of others the first is shown, in grey. */
function shownChannels(channels: number): 1 | 3 | 4 {
  return channels === 3 || channels === 4 ? channels : 1;
}

/** Pictures [n, c, h, w] as bytes. */
function cellsOf({ shape, data }: { shape: readonly number[]; data: Float32Array }): Pixels[] {
  const [count, channels, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const shown = shownChannels(channels);
  return Array.from({ length: count }, (_, n) => {
    const bytes = Uint8Array.from({ length: area * shown }, (_, i) => {
      const value = data[(n * channels + i % shown) * area + Math.floor(i / shown)]!;
      return Math.round(Math.min(Math.max(value, 0), 1) * 255);
    });
    return { width, height, channels: shown, data: bytes };
  });
}

/** A painted picture, whatever its channels. */
function cellOf(
  { width, height, channels, data }: { width: number; height: number; channels: number; data: Uint8Array },
): Pixels {
  const shown = shownChannels(channels);
  if (shown === channels) return { width, height, channels: shown, data };
  const first = Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]!);
  return { width, height, channels: 1, data: first };
}

/** What a grid is made for. */
export interface SampleRequest {
  readonly name: PhaseName;
  readonly step: number;
  readonly folder: RunFolder;
  readonly config: TrainingConfig;
  readonly configs: NetworkConfigs;
  readonly data: TrainingData;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes a grid out of a checkpoint: fixed pictures above what Stage A, or compressor and Stage B, keep of them, or what the prompts of
 * the configuration become with seeds 0, 1 ….
 *
 * @returns undefined where the signal stopped it
 */
export async function sampleGrid(checkpoint: string, request: SampleRequest): Promise<LoggedEvent | undefined> {
  const { name, step, folder, signal } = request;
  const file = join(folder.samples, `${name}-${String(step).padStart(7, "0")}.png`);
  const make = makers[name];
  try {
    const { png, ...rest } = await make(checkpoint, request);
    await writeFileAtomic(file, png, { force: true });
    return { type: "sample", phase: name, step, file: join("samples", basename(file)), ...rest };
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

const makers: Readonly<Record<PhaseName, (checkpoint: string, request: SampleRequest) => Promise<Grid>>> = {
  stageA: reconstructions,
  stageB: roundTrips,
  stageC: paintings,
  preview: previews,
};

/** A grid, and what is said of it. */
interface Grid {
  readonly png: Uint8Array;
  readonly psnr?: number;
  readonly prompts?: readonly string[];
}

/** Fixed pictures, as small as previews are, above what the preview decoder makes of their embeddings. */
async function previews(checkpoint: string, { config, data }: SampleRequest): Promise<Grid> {
  const { images } = await fixedPictures(data, { config, count: config.samples.pictures });
  await using pipeline = await openCheckpointModel(checkpoint, config);
  const { preview } = pipeline.parts;
  if (!preview) throw new TypeError(`Expected a preview decoder in ${checkpoint} but found none`);
  const embedding = await pipeline.embed(images);
  const [height, width] = embedding.shape.slice(2) as [number, number];
  await preview.network.load({ height, width });
  const decoded = await preview.decode(embedding);
  const small = previewTarget(images, { height, width });
  const clamped = decoded.data.map((value) => Math.min(Math.max(value, 0), 1));
  const cells = [small.data, clamped].flatMap((data) => cellsOf({ shape: small.shape, data }));
  return { png: encodePng(tileImages(cells, { columns: images.shape[0]! })), psnr: psnr(clamped, small.data) };
}

async function reconstructions(checkpoint: string, { config, configs, data }: SampleRequest) {
  const { images } = await fixedPictures(data, { config, count: config.samples.pictures });
  const weights = (await readNetwork(checkpoint, "vqgan", configs))!;
  const build = (pixels: Value) => paellaDecode(configs.vqgan, paellaEncode(configs.vqgan, pixels));
  const decoded = (await runInParts(images, { build, weights, config })).map((value) =>
    Math.min(Math.max(value, 0), 1)
  );
  const cells = [images.data, decoded].flatMap((data) => cellsOf({ shape: images.shape, data }));
  return { png: encodePng(tileImages(cells, { columns: images.shape[0]! })), psnr: psnr(decoded, images.data) };
}

/** Fixed pictures above what compressor, Stage B with their caption, and Stage A keep of them. */
async function roundTrips(checkpoint: string, { config, data, signal }: SampleRequest) {
  const { images, captions } = await fixedPictures(data, { config, count: config.samples.pictures });
  await using pipeline = await openCheckpointModel(checkpoint, config);
  const { pictures } = await pipeline.reconstruct(images, { prompt: captions, seed: config.seed, signal });
  const cells = [...pictures.map(({ original }) => original), ...pictures.map(({ reconstructed }) => reconstructed)];
  const mean = pictures.reduce((sum, { psnr }) => sum + psnr.reconstructed, 0) / pictures.length;
  const grid = tileImages(cells.map(cellOf), { columns: pictures.length });
  return { png: encodePng(grid), prompts: captions, psnr: mean };
}

async function openCheckpointModel(checkpoint: string, config: TrainingConfig, loras?: readonly { file: string }[]) {
  return await loadPipeline(checkpoint, { keepLoaded: true, hashWeights: false, threads: config.threads, loras });
}

/** The prompts of the configuration, else some captions, else nothing: a model without text paints too. */
function promptsOf({ samples: { prompts } }: TrainingConfig, { captions }: TrainingData): readonly string[] {
  if (prompts.length > 0) return prompts;
  const different = new Set(captions.filter((caption) => caption !== ""));
  return different.size > 0 ? [...different].slice(0, 8) : ["", "", "", ""];
}

async function paintings(checkpoint: string, { config, data, name, signal }: SampleRequest) {
  const prompts = promptsOf(config, data);
  const loras = config.stageC?.lora && name === "stageC" ? [{ file: join(checkpoint, loraFile) }] : undefined;
  await using pipeline = await openCheckpointModel(checkpoint, config, loras);
  const cells: Pixels[] = [];
  for (const [seed, prompt] of prompts.entries()) {
    const { images: [image] } = await pipeline.generate({ prompt, seed, signal });
    cells.push(cellOf(image!));
  }
  const grid = tileImages(cells, { columns: Math.min(8, cells.length), labels: prompts });
  return { png: encodePng(grid), prompts };
}
