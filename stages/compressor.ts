/**
 * The semantic compressor: pictures to the embeddings that Stage B is conditioned on and Stage C learns to make.
 * @module
 */
import { compressorChannels, type CompressorConfig, embedPixels } from "../networks/compressor.ts";
import { graph, input } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a compressor session is built for: the pictures' in pixels, and the embedding's. */
export interface CompressorSizes {
  height: number;
  width: number;
  cells: { height: number; width: number };
}

/** The compressor of a model. */
export class CompressorStage {
  readonly config: CompressorConfig;
  readonly network: Network<CompressorSizes>;

  constructor(config: CompressorConfig, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    const build = ({ height, width, cells }: CompressorSizes) => {
      const pixels = input("pixels", "float32", ["batch", this.channels, height, width]);
      const embedding = embedPixels(config, pixels, { cells: [cells.height, cells.width] });
      return graph({ name: config._class_name, inputs: [pixels], outputs: { embedding } });
    };
    const declare = () => void build({ height: 1, width: 1, cells: { height: 1, width: 1 } });
    this.network = new Network({ declare, build }, checkpoint, options);
  }

  /** Channels of the pictures that it takes. */
  get channels(): number {
    return compressorChannels(this.config);
  }

  /** The embedding [b, c_latent, n, m] of pictures 0…1 [b, c, h, w], as Stage B takes it. */
  async embed(pixels: Tensor<"float32">): Promise<Tensor<"float32">> {
    const { embedding } = await this.network.run({ pixels });
    return embedding as Tensor<"float32">;
  }
}
