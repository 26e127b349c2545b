/**
 * The preview decoder: Stage C's embeddings to small pictures.
 * @module
 */
import { previewDecoder, type PreviewDecoderConfig } from "../networks/preview_decoder.ts";
import { graph, input } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a preview session is built for: the embedding's. */
export interface PreviewSizes {
  height: number;
  width: number;
}

/** The preview decoder of a model. */
export class PreviewStage {
  /** Its sizes. */
  readonly config: PreviewDecoderConfig;
  /** Takes and frees memory. */
  readonly network: Network<PreviewSizes>;

  /** @throws {CheckpointError} where the checkpoint does not fit the configuration */
  constructor(config: PreviewDecoderConfig, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    const build = ({ height, width }: PreviewSizes) => {
      const embedding = input("embedding", "float32", ["batch", config.c_in, height, width]);
      return graph({ name: "Previewer", inputs: [embedding], outputs: { pixels: previewDecoder(config, embedding) } });
    };
    this.network = new Network({ declare: () => void build({ height: 1, width: 1 }), build }, checkpoint, options);
  }

  /** Pixels [b, c, 8n, 8m] of embeddings [b, c_in, n, m]; nothing is clamped. */
  async decode(embedding: Tensor<"float32">): Promise<Tensor<"float32">> {
    const { pixels } = await this.network.run({ embedding });
    return pixels as Tensor<"float32">;
  }
}
