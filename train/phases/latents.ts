/**
 * What frozen networks make of pictures: Stage A's latents, the compressor's embeddings.
 * @module
 */
import { paellaEncode } from "../../networks/paella_vq.ts";
import { stageCTarget } from "../../networks/compressor_input.ts";
import { div, graph, input, type Value } from "../../onnx/mod.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import type { TrainingConfig } from "../config.ts";
import type { Batch } from "../data/loader.ts";
import { FrozenNetwork } from "../frozen_network.ts";
import { embedForTraining } from "../networks.ts";
import type { Weights } from "../optimiser/gradient_pass.ts";
import { pipelineSettings } from "../start.ts";
import type { PhaseContext } from "./phase.ts";
import { onceForSize, sizeOfInput } from "./sized_objectives.ts";

/** Encodes pictures one by one, so that no result depends on the other pictures of a batch, and keeps what may come again. */
export interface PictureEncoder extends AsyncDisposable {
  /**
   * Encodes a batch.
   *
   * Pictures may have any size that the network takes; a session is built for each when it first comes. Where every sight of a
   * picture is the same, it is encoded once for each background.
   */
  encode(pictures: Pick<Batch, "images" | "ids" | "backgrounds">): Promise<Tensor<"float32">>;
}

/** Most elements that an encoder keeps: 1 GB. */
const cacheSize = 1 << 28;

function pictureEncoder(
  { encode, weights, config }: { encode: (pixels: Value) => Value; weights: Weights; config: TrainingConfig },
): PictureEncoder {
  const { crop, flip, channels } = config.data;
  const isKept = crop === "center" && !flip;
  const networks = onceForSize((size) => {
    const pixels = input("pixels", "float32", [1, channels, size.height, size.width]);
    const network = graph({ inputs: [pixels], outputs: { encoded: encode(pixels) } });
    return FrozenNetwork.create(network, weights, { threads: config.threads });
  });
  const used = new Set<FrozenNetwork>();
  const kept = new Map<string, Tensor<"float32">>();
  let elements = 0;
  async function encodeOne(pixels: Tensor<"float32">): Promise<Tensor<"float32">> {
    const network = await networks(sizeOfInput({ pixels }, "pixels"));
    used.add(network);
    return (await network.run({ pixels }))["encoded"] as Tensor<"float32">;
  }
  return {
    async encode({ images, ids, backgrounds }) {
      const keys = ids.map((id, i) => `${id}\n${backgrounds[i] ?? ""}`);
      const dims = images.shape.slice(1);
      const size = sizeOf(dims);
      const all: Tensor<"float32">[] = [];
      for (const [i, key] of keys.entries()) {
        const found = kept.get(key) ??
          await encodeOne(tensor("float32", [1, ...dims], images.data.subarray(i * size, (i + 1) * size)));
        if (isKept && !kept.has(key) && elements + found.data.length <= cacheSize) {
          kept.set(key, found);
          elements += found.data.length;
        }
        all.push(found);
      }
      const encoded = tensor("float32", [keys.length, ...all[0]!.shape.slice(1)]);
      all.forEach(({ data }, i) => encoded.data.set(data, i * data.length));
      return encoded;
    },
    async [Symbol.asyncDispose]() {
      for (const network of used) await network[Symbol.asyncDispose]();
    },
  };
}

/** Stage A's latents, divided by `scale_factor`: what Stage B learns. */
export function latentEncoder({ config, configs: { vqgan }, networks }: PhaseContext): PictureEncoder {
  const encode = (pixels: Value) => div(paellaEncode(vqgan, pixels), vqgan.scale_factor);
  return pictureEncoder({ encode, weights: networks.get("vqgan")!, config });
}

/** The compressor's embeddings, as Stage B takes them. */
export function embeddingEncoder({ config, configs: { compressor }, networks }: PhaseContext): PictureEncoder {
  const settings = pipelineSettings(config);
  const encode = (pixels: Value) => embedForTraining(compressor, pixels, settings);
  return pictureEncoder({ encode, weights: networks.get("compressor")!, config });
}

/** The compressor's embeddings as Stage C makes them. */
export function targetEncoder({ config, configs: { compressor }, networks }: PhaseContext): PictureEncoder {
  const settings = pipelineSettings(config);
  const encode = (pixels: Value) => stageCTarget(embedForTraining(compressor, pixels, settings), settings);
  return pictureEncoder({ encode, weights: networks.get("compressor")!, config });
}
