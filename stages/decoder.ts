/**
 * Stage B: predicts the noise in the VQ latent, given Stage C's embedding.
 * @module
 */
import { graph, input, product, repeat } from "../onnx/mod.ts";
import { type DiffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a Stage B session is built for: its latent's, the embedding's, and the text's tokens. */
export interface DecoderSizes {
  height: number;
  width: number;
  embedding: { height: number; width: number };
  tokens: number;
  /** Rows of text and embeddings for each latent, of which the first half has the prompts: 2 with guidance. 1 where left out. */
  copies?: number;
}

/** Stage B of a model. */
export class DecoderStage {
  readonly config: DiffNeXtConfig;
  readonly network: Network<DecoderSizes>;

  constructor(config: DiffNeXtConfig, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    const build = ({ height, width, embedding, tokens, copies = 1 }: DecoderSizes) => {
      const rows = product([copies, "batch"]);
      const x = input("x", "float32", ["batch", config.c_in, height, width]);
      const r = input("r", "float32", ["batch"]);
      const effnet = input("effnet", "float32", [rows, config.effnet_embd, embedding.height, embedding.width]);
      const clip = input("clip", "float32", [rows, tokens, config.clip_embd]);
      const noise = wuerstchenDiffNeXt(config, { x: repeat(x, copies), r: repeat(r, copies), effnet, clip });
      return graph({ name: "WuerstchenDiffNeXt", inputs: [x, r, effnet, clip], outputs: { noise } });
    };
    const side = this.multiple;
    const declare = () => void build({ height: side, width: side, embedding: { height: 1, width: 1 }, tokens: 1 });
    this.network = new Network({ declare, build, varying: ["x", "r"] }, checkpoint, options);
  }

  /** The latent's sides must divide by this. */
  get multiple(): number {
    return this.config.patch_size * 2 ** (this.config.c_hidden.length - 1);
  }

  /**
   * The noise ε in `latents` [b, c_in, h, w] at time `t`, given `embedding` [copies·b, effnet_embd, n, m] and `text`
   * [copies·b, tokens, clip_embd]: [copies·b, c_in, h, w], all latents with the first rows of both, then all with the next ones.
   */
  async predict(
    latents: Tensor<"float32">,
    { t, embedding, text }: { t: number; embedding: Tensor<"float32">; text: Tensor<"float32"> },
  ): Promise<Tensor<"float32">> {
    const batch = latents.shape[0]!;
    const r = tensor("float32", [batch], new Float32Array(batch).fill(t));
    const { noise } = await this.network.run({ x: latents, r, effnet: embedding, clip: text });
    return noise as Tensor<"float32">;
  }
}
