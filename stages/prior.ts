/**
 * Stage C: predicts the noise in the 42× compressed latent.
 * @module
 */
import { graph, input, product, repeat } from "../onnx/mod.ts";
import { predictNoise, stageCClassName, type StageCConfig } from "../networks/stage_c.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a Stage C session is built for. */
export interface PriorSizes {
  height: number;
  width: number;
  /** Text tokens. */
  tokens: number;
  /** Rows of text for each latent, of which the first half has the prompts: 2 with guidance. 1 where left out. */
  copies?: number;
}

/** Stage C of a model. */
export class PriorStage {
  readonly config: StageCConfig;
  readonly network: Network<PriorSizes>;

  constructor(config: StageCConfig, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    const build = ({ height, width, tokens, copies = 1 }: PriorSizes) => {
      const x = input("x", "float32", ["batch", config.c_in, height, width]);
      const r = input("r", "float32", ["batch"]);
      const c = input("c", "float32", [product([copies, "batch"]), tokens, config.c_cond]);
      const noise = predictNoise(config, { x: repeat(x, copies), r: repeat(r, copies), c });
      return graph({ name: stageCClassName(config), inputs: [x, r, c], outputs: { noise } });
    };
    const declare = () => void build({ height: 1, width: 1, tokens: 1 });
    this.network = new Network({ declare, build, varying: ["x", "r"] }, checkpoint, options);
  }

  /** Channels of its latents, and so of the embedding. */
  get channels(): number {
    return this.config.c_in;
  }

  /**
   * The noise ε in `latents` [b, c_in, h, w] at time `t`, given `text` [copies·b, tokens, c_cond]: [copies·b, c_in, h, w], all latents
   * with the first rows of text, then all with the next ones.
   */
  async predict(
    latents: Tensor<"float32">,
    { t, text }: { t: number; text: Tensor<"float32"> },
  ): Promise<Tensor<"float32">> {
    const batch = latents.shape[0]!;
    const r = tensor("float32", [batch], new Float32Array(batch).fill(t));
    const { noise } = await this.network.run({ x: latents, r, c: text });
    return noise as Tensor<"float32">;
  }
}
