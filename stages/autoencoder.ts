/**
 * Stage A: decodes VQ latents to pixels, and encodes pixels to latents.
 * @module
 */
import { graph, input } from "../onnx/mod.ts";
import { paellaDecode, paellaEncode, paellaQuantize, paellaReach, type PaellaVqConfig } from "../networks/paella_vq.ts";
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

/** What an encoding session is built for: pictures, in pixels. */
export interface EncoderSizes {
  height: number;
  width: number;
  /** Replaces each latent by the nearest row of the codebook. */
  quantize: boolean;
}

/** Stage A of a model: two sessions, each with a memory of its own. */
export class AutoencoderStage {
  readonly config: PaellaVqConfig;
  /** Decodes. */
  readonly network: Network<AutoencoderSizes>;
  readonly #openEncoder: () => Network<EncoderSizes>;
  #encoder: Network<EncoderSizes> | undefined;

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
    const buildEncoder = ({ height, width, quantize }: EncoderSizes) => {
      const pixels = input("pixels", "float32", ["batch", config.in_channels, height, width]);
      const encoded = paellaEncode(config, pixels);
      const latents = quantize ? paellaQuantize(config, encoded).quantized : encoded;
      return graph({ name: "PaellaVQModel", inputs: [pixels], outputs: { latents } });
    };
    this.network = new Network({ declare, build }, checkpoint, options);
    // In full: it runs once a picture, and its errors would be those of every later stage.
    this.#openEncoder = () =>
      new Network({ declare, build: buildEncoder }, checkpoint, { ...options, precision: undefined });
  }

  /** Encodes; made when it is first asked for, which a generation never does. */
  get encoder(): Network<EncoderSizes> {
    return this.#encoder ??= this.#openEncoder();
  }

  /** Frees the memory of both sessions. */
  async release(): Promise<void> {
    await Promise.all([this.network.release(), this.#encoder?.release()]);
  }

  /** Pixels a latent cell, along each side. */
  get pixelsPerLatent(): number {
    return this.config.up_down_scale_factor * 2 ** (this.config.levels - 1);
  }

  /** Cells around a latent cell that its pixels depend on: what tiles have to overlap by. */
  get reach(): number {
    return paellaReach(this.config);
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

  /**
   * Encodes pixels 0…1 [b, channels, H, W] to Stage B's latents [b, latent_channels, H/f, W/f], which
   * {@linkcode AutoencoderStage.decode} takes. {@linkcode AutoencoderStage.encoder} has to be loaded.
   */
  async encode(pixels: Tensor<"float32">): Promise<Tensor<"float32">> {
    const { latents } = await this.encoder.run({ pixels });
    const scale = Math.fround(this.config.scale_factor);
    const encoded = latents as Tensor<"float32">;
    return { ...encoded, data: encoded.data.map((value) => value / scale) };
  }
}
