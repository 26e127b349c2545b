/**
 * Stage A: decodes VQ latents to pixels.
 * @module
 */
import { graph, input } from "../onnx/mod.ts";
import { paellaDecode, paellaEncode, paellaQuantize, type PaellaVqConfig } from "../networks/paella_vq.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Cells that Stage A widens at a time: at the published width a strip of them is 12 MB, which caches of today hold in part. */
const cells = 2048;

/** Sizes that a Stage A session is built for. */
export interface AutoencoderSizes {
  height: number;
  width: number;
}

/** Stage A of a model. */
export class AutoencoderStage {
  readonly config: PaellaVqConfig;
  readonly network: Network<AutoencoderSizes>;

  constructor(config: PaellaVqConfig, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    const latentsOf = ({ height, width }: AutoencoderSizes) =>
      input("latents", "float32", ["batch", config.latent_channels, height, width]);
    const build = (sizes: AutoencoderSizes) => {
      const latents = latentsOf(sizes);
      return graph({
        name: "PaellaVQModel",
        inputs: [latents],
        outputs: { pixels: paellaDecode(config, latents, { cells }) },
      });
    };
    const declare = () => {
      const sizes = { height: 1, width: 1 };
      const side = this.pixelsPerLatent;
      build(sizes);
      paellaQuantize(config, latentsOf(sizes));
      paellaEncode(config, input("pixels", "float32", ["batch", config.in_channels, side, side]));
    };
    this.network = new Network({ declare, build }, checkpoint, options);
  }

  /** Pixels a latent cell, along each side. */
  get pixelsPerLatent(): number {
    return this.config.up_down_scale_factor * 2 ** (this.config.levels - 1);
  }

  /**
   * Decodes Stage B's latents [b, latent_channels, h, w], as they come out of the scheduler, to [b, channels, h·f, w·f].
   * Nothing is clamped.
   */
  async decode(latents: Tensor<"float32">): Promise<Tensor<"float32">> {
    const scale = Math.fround(this.config.scale_factor);
    const scaled = { ...latents, data: latents.data.map((value) => scale * value) };
    const { pixels } = await this.network.run({ latents: scaled });
    return pixels as Tensor<"float32">;
  }
}
