/**
 * Measures what a model in fewer bits is off by: layer by layer, and in pictures.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { psnr } from "../images/psnr.ts";
import type { Network } from "../stages/network.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Precision } from "../weights/precision.ts";
import { networksOf } from "./parts.ts";
import type { LoadOptions } from "./load_options.ts";
import { loadPipeline } from "./pipeline.ts";
import type { NetworkName, PrecisionChoice } from "./precisions.ts";
import type { GenerateOptions } from "./types.ts";

/** What is painted in both precisions. */
export interface VerifyOptions {
  readonly precision: PrecisionChoice;
  /** Each is painted once, with the seeds `seed`, `seed` + 1 … */
  readonly prompts: readonly string[];
  readonly seed: number;
  readonly sampling?: Omit<GenerateOptions, "prompt" | "seed"> | undefined;
  /** How the model is loaded. */
  readonly load?: Omit<LoadOptions, "precision"> | undefined;
  /** Is told each picture that is finished. */
  readonly onPicture?: ((done: number, total: number) => void) | undefined;
}

/** What a layer is off by. */
export interface LayerDrift {
  readonly layer: string;
  /** ‖in fewer bits − in full‖ / ‖in full‖ of its results, given what goes into it in full. */
  readonly error: number;
}

/** What a network is off by. */
export interface NetworkDrift {
  readonly network: NetworkName;
  readonly precision: Precision;
  /** The worst first; empty where no layer is in 8 or 4 bits. */
  readonly layers: readonly LayerDrift[];
}

/** What a picture is off by. */
export interface PictureDrift {
  readonly prompt: string;
  readonly seed: number;
  /** Peak signal-to-noise ratio in dB of the bytes; infinite where none differs. */
  readonly psnr: number;
}

/** What a model is off by. */
export interface Drift {
  readonly networks: readonly NetworkDrift[];
  readonly pictures: readonly PictureDrift[];
}

/** Sizes and inputs of a run. */
type Call = { readonly sizes: unknown; readonly inputs: Readonly<Record<string, Tensor>> };

/**
 * Paints prompts in full and in fewer bits, and compares. Layers are compared at the last step of the first picture, each given what it
 * has in full, so that an error is its own.
 *
 * @throws {CheckpointError} where the model's own weights are in fewer bits: there is nothing to compare them with
 */
export async function verifyModel(model: string, options: VerifyOptions): Promise<Drift> {
  const { precision, load = {} } = options;
  const common = { ...load, hashWeights: false };
  const calls = new Map<string, Call>();
  const full = await paint(model, { ...common, precision: undefined }, { options, done: 0, calls });
  const rounded = await paint(model, { ...common, precision }, { options, done: full.pictures.length, calls });
  const pictures = options.prompts.map((prompt, i) => ({
    prompt,
    seed: options.seed + i,
    psnr: psnr(rounded.pictures[i]!, full.pictures[i]!, { peak: 255 }),
  }));
  return { networks: rounded.networks, pictures };
}

async function paint(
  model: string,
  load: LoadOptions,
  { options, done, calls }: { options: VerifyOptions; done: number; calls: Map<string, Call> },
): Promise<{ pictures: Uint8Array[]; networks: NetworkDrift[] }> {
  await using pipeline = await loadPipeline(model, load);
  const networks = Object.entries(networksOf(pipeline.parts)) as unknown as [NetworkName, Network<unknown>][];
  const isFull = load.precision === undefined;
  const written = isFull
    ? networks.find(([, { precision }]) => precision === "int8" || precision === "int4")
    : undefined;
  if (written) {
    throw new CheckpointError(
      `${written[1].checkpoint.folder}: its weights were written in ${
        written[1].precision
      }, there is nothing to compare them ` +
        "with: verify the model that they were made from",
    );
  }
  const { prompts, seed, sampling, onPicture } = options;
  const pictures: Uint8Array[] = [];
  for (const [i, prompt] of prompts.entries()) {
    for (const [name, network] of networks) {
      network.onRun = isFull && i === 0 ? (sizes, inputs) => void calls.set(name, { sizes, inputs }) : undefined;
    }
    const { images } = await pipeline.generate({ ...sampling, prompt, seed: seed + i });
    pictures.push(images[0]!.data);
    onPicture?.(done + i + 1, 2 * prompts.length);
  }
  const drifts: NetworkDrift[] = [];
  for (const [name, network] of isFull ? [] : networks) {
    await network.release();
    const call = calls.get(name);
    const errors = call ? await network.layerErrors(call.sizes, call.inputs) : new Map<string, number>();
    const layers = [...errors].map(([layer, error]) => ({ layer, error })).sort((a, b) => b.error - a.error);
    drifts.push({ network: name, precision: network.precision, layers });
  }
  return { pictures, networks: drifts };
}
