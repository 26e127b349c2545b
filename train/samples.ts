/**
 * What a training shows of itself: grids of samples, and how large Stage A's latents are.
 * @module
 */
import { basename, join } from "node:path";
import { tileImages } from "../images/grid.ts";
import type { Pixels } from "../images/pixels.ts";
import { encodePng } from "../images/png_encode.ts";
import { paellaDecode, paellaEncode, type PaellaVqConfig } from "../networks/paella_vq.ts";
import { graph, input } from "../onnx/mod.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { tensor } from "../tensor/tensor.ts";
import { loraFile } from "./checkpoint.ts";
import type { PhaseName, TrainingConfig } from "./config.ts";
import { FrozenNetwork } from "./frozen_network.ts";
import type { NetworkName } from "./networks.ts";
import { readNetwork } from "./model_folder.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { TrainingData } from "./training_data.ts";
import type { TrainingEvent } from "./trainer.ts";
import type { RunFolder } from "./run_folder.ts";

/** Most pictures that the size of latents is measured on. */
const measured = 64;

/** Fixed pictures of the data set, those that the phase does not see where there are such: [n, c, h, w]. */
async function fixedPictures(data: TrainingData, { config, count }: { config: TrainingConfig; count: number }) {
  const { training, heldOut } = data.split(config.stageA ?? {});
  const indices = heldOut.length >= count ? heldOut : training;
  const batch = Math.min(count, indices.length);
  using loader = data.loader({ indices, batch, seed: config.seed + 3, workers: 0 });
  return await loader.next();
}

/** Standard deviation of Stage A's latents over pictures of the data set: `scale_factor` of the model. */
export async function latentDeviation(
  vqgan: PaellaVqConfig,
  weights: Weights,
  { data, config }: { data: TrainingData; config: TrainingConfig },
): Promise<number> {
  const { images } = await fixedPictures(data, { config, count: measured });
  const pixels = input("pixels", "float32", images.shape);
  const network = graph({ inputs: [pixels], outputs: { latents: paellaEncode(vqgan, pixels) } });
  await using encoder = await FrozenNetwork.create(network, weights, { threads: config.threads });
  const { latents } = await encoder.run({ pixels: images });
  const values = latents!.data as Float32Array;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Pictures [n, c, h, w] as bytes; of other than three channels the first is shown, in grey. */
function cellsOf({ shape, data }: { shape: readonly number[]; data: Float32Array }): Pixels[] {
  const [count, channels, height, width] = shape as [number, number, number, number];
  const area = height * width;
  const shown = channels === 3 ? 3 : 1;
  return Array.from({ length: count }, (_, n) => {
    const bytes = Uint8Array.from({ length: area * shown }, (_, i) => {
      const value = data[(n * channels + i % shown) * area + Math.floor(i / shown)]!;
      return Math.round(Math.min(Math.max(value, 0), 1) * 255);
    });
    return { width, height, channels: shown, data: bytes };
  });
}

interface SampleRequest {
  readonly phase: PhaseName;
  readonly step: number;
  readonly folder: RunFolder;
  readonly config: TrainingConfig;
  readonly data: TrainingData;
  readonly progress: { readonly configs: { readonly vqgan: PaellaVqConfig } };
}

/**
 * Makes a grid out of a checkpoint: fixed pictures above what Stage A, or compressor and Stage B, keep of them, or what the prompts of
 * the configuration become with seeds 0, 1 ….
 */
export async function sampleGrid(checkpoint: string, request: SampleRequest): Promise<TrainingEvent> {
  const { phase, step, folder } = request;
  const file = join(folder.samples, `${phase}-${String(step).padStart(7, "0")}.png`);
  const make = phase === "stageA" ? reconstructions : phase === "stageB" ? roundTrips : paintings;
  const made = await make(checkpoint, request);
  await Deno.writeFile(file, made.png);
  const { png: _, ...rest } = made;
  return { type: "sample", phase, step, file: join("samples", basename(file)), ...rest };
}

async function reconstructions(checkpoint: string, { config, data, progress: { configs } }: SampleRequest) {
  const { images } = await fixedPictures(data, { config, count: config.samples.pictures });
  const weights = (await readNetwork(checkpoint, "vqgan" satisfies NetworkName, configs as never))!;
  const pixels = input("pixels", "float32", images.shape);
  const network = graph({
    inputs: [pixels],
    outputs: { decoded: paellaDecode(configs.vqgan, paellaEncode(configs.vqgan, pixels)) },
  });
  await using stage = await FrozenNetwork.create(network, weights, { threads: config.threads });
  const decoded = (await stage.run({ pixels: images }))["decoded"]!;
  const values = decoded.data as Float32Array;
  const clamped = values.map((value) => Math.min(Math.max(value, 0), 1));
  const error = clamped.reduce((sum, value, i) => sum + (value - images.data[i]!) ** 2, 0) / values.length;
  const cells = [images, tensor("float32", images.shape, clamped as Float32Array<ArrayBuffer>)].flatMap(cellsOf);
  return { png: encodePng(tileImages(cells, { columns: images.shape[0]! })), psnr: -10 * Math.log10(error) };
}

/** Fixed pictures above what compressor, Stage B with their caption, and Stage A keep of them. */
async function roundTrips(checkpoint: string, { config, data }: SampleRequest) {
  const { images, captions } = await fixedPictures(data, { config, count: config.samples.pictures });
  await using pipeline = await openCheckpointModel(checkpoint, config);
  const { pictures } = await pipeline.reconstruct(images, { prompt: captions, seed: config.seed });
  const cells = [...pictures.map(({ original }) => original), ...pictures.map(({ reconstructed }) => reconstructed)];
  const psnr = pictures.reduce((sum, { psnr }) => sum + psnr.reconstructed, 0) / pictures.length;
  return { png: encodePng(tileImages(cells, { columns: pictures.length })), prompts: captions, psnr };
}

async function openCheckpointModel(checkpoint: string, config: TrainingConfig, loras?: readonly { file: string }[]) {
  return await loadPipeline(checkpoint, { keepLoaded: true, hashWeights: false, threads: config.threads, loras });
}

async function paintings(checkpoint: string, { config, data, phase }: SampleRequest) {
  const captions = config.samples.prompts.length > 0 ? config.samples.prompts : data.captions.slice(0, 8);
  const loras = config.stageC?.lora && phase === "stageC" ? [{ file: join(checkpoint, loraFile) }] : undefined;
  await using pipeline = await openCheckpointModel(checkpoint, config, loras);
  const cells: Pixels[] = [];
  for (const [seed, prompt] of captions.entries()) {
    const { images: [image] } = await pipeline.generate({ prompt, seed });
    cells.push(image!);
  }
  const grid = tileImages(cells, { columns: Math.min(8, cells.length), labels: captions });
  return { png: encodePng(grid), prompts: captions };
}
