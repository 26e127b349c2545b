/**
 * What frozen networks make of pictures: Stage A's latents, the compressor's embeddings.
 * @module
 */
import { paellaEncode } from "../../networks/paella_vq.ts";
import { stageCTarget } from "../../networks/compressor_input.ts";
import { div, type Graph, graph, input } from "../../onnx/mod.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import type { TrainingConfig } from "../config.ts";
import { FrozenNetwork } from "../frozen_network.ts";
import { embedForTraining } from "../networks.ts";
import type { Weights } from "../optimiser/gradient_pass.ts";
import { pipelineSettings } from "../start.ts";
import type { PhaseContext } from "./phase.ts";

/** Encodes pictures one by one, so that no result depends on the other pictures of a batch, and keeps what may come again. */
export interface PictureEncoder extends AsyncDisposable {
  /** Of a batch of one. */
  readonly shape: readonly [number, number, number, number];
  /**
   * Encodes a batch.
   *
   * @param keys names of the pictures: where every sight of a picture is the same, equal keys are encoded once
   */
  encode(images: Tensor<"float32">, keys: readonly string[]): Promise<Tensor<"float32">>;
}

/** Most elements that an encoder keeps: 1 GB. */
const cacheSize = 1 << 28;

async function pictureEncoder(
  { network, weights, config }: { network: Graph; weights: Weights; config: TrainingConfig },
): Promise<PictureEncoder> {
  const { crop, flip } = config.data;
  const isKept = crop === "center" && !flip;
  const encoder = await FrozenNetwork.create(network, weights, { threads: config.threads });
  const shape = network.outputs[0]!.value.shape as unknown as [number, number, number, number];
  const size = sizeOf(shape);
  const kept = new Map<string, Float32Array>();
  async function encodeOne(image: Float32Array, dims: readonly number[]): Promise<Float32Array> {
    const pixels = tensor("float32", [1, ...dims], image as Float32Array<ArrayBuffer>);
    return (await encoder.run({ pixels }))["encoded"]!.data as Float32Array;
  }
  return {
    shape,
    async encode(images, keys) {
      const dims = images.shape.slice(1);
      const encoded = tensor("float32", [keys.length, ...shape.slice(1)]);
      for (const [i, key] of keys.entries()) {
        const found = kept.get(key) ??
          await encodeOne(images.data.subarray(i * sizeOf(dims), (i + 1) * sizeOf(dims)), dims);
        if (isKept && (kept.size + 1) * size <= cacheSize) kept.set(key, found);
        encoded.data.set(found, i * size);
      }
      return encoded;
    },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}

function pixelsOf({ config, data: { size } }: PhaseContext) {
  return input("pixels", "float32", [1, config.data.channels, size.height, size.width]);
}

/** Stage A's latents, divided by `scale_factor`: what Stage B learns. */
export async function latentEncoder(context: PhaseContext): Promise<PictureEncoder> {
  const { config, configs: { vqgan }, networks } = context;
  const pixels = pixelsOf(context);
  const encoded = div(paellaEncode(vqgan, pixels), vqgan.scale_factor);
  const network = graph({ inputs: [pixels], outputs: { encoded } });
  return await pictureEncoder({ network, weights: networks.get("vqgan")!, config });
}

/** The compressor's embeddings as Stage C makes them. */
export async function targetEncoder(context: PhaseContext): Promise<PictureEncoder> {
  const { config, configs: { compressor }, networks } = context;
  const pixels = pixelsOf(context);
  const settings = pipelineSettings(config);
  const encoded = stageCTarget(embedForTraining(compressor, pixels, settings), settings);
  const network = graph({ inputs: [pixels], outputs: { encoded } });
  return await pictureEncoder({ network, weights: networks.get("compressor")!, config });
}
