/**
 * Text: prompts to the states that Stage C and Stage B are conditioned on.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { clipText, type ClipTextConfig, clipTextWithProjection } from "../networks/clip_text.ts";
import { graph, input } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { ClipTokenizer } from "../text/clip_tokenizer.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a text encoder session is built for. */
export interface TextSizes {
  tokens: number;
}

/** The text encoder of one half of a model. */
export class TextEncoderStage {
  readonly config: ClipTextConfig;
  readonly network: Network<TextSizes>;
  readonly #tokenizer: ClipTokenizer;

  constructor(
    { config, tokenizer }: { config: ClipTextConfig; tokenizer: ClipTokenizer },
    checkpoint: Checkpoint,
    options?: NetworkOptions,
  ) {
    this.config = config;
    this.#tokenizer = tokenizer;
    const inputsOf = ({ tokens }: TextSizes) => ({
      ids: input("ids", "int64", ["batch", tokens]),
      mask: input("mask", "int64", ["batch", tokens]),
    });
    const build = (sizes: TextSizes) => {
      const inputs = inputsOf(sizes);
      const outputs = { states: clipText(config, inputs).lastHiddenState };
      return graph({ name: "CLIPTextModel", inputs: Object.values(inputs), outputs });
    };
    const projected = config.architectures.includes("CLIPTextModelWithProjection");
    const declare = () => void (projected ? clipTextWithProjection : clipText)(config, inputsOf({ tokens: 1 }));
    this.network = new Network({ declare, build }, checkpoint, options);
  }

  /** Tokens that every prompt is padded or cut to. */
  get tokens(): number {
    return this.#tokenizer.maxLength;
  }

  /** The words of `prompt` that do not fit into the encoder; `""` where all do. */
  truncated(prompt: string): string {
    return this.#tokenizer.encode(prompt).truncated;
  }

  /**
   * States after the final LayerNorm of all tokens of each prompt: [prompts, tokens, hidden_size].
   *
   * @throws {CheckpointError} where the tokenizer knows a token that the encoder does not
   */
  async encode(prompts: readonly string[]): Promise<Tensor<"float32">> {
    const encoded = prompts.map((prompt) => this.#tokenizer.encode(prompt));
    const { vocab_size } = this.config;
    const unknown = encoded.flatMap(({ ids }) => ids).find((id) => id >= vocab_size);
    if (unknown !== undefined) {
      throw new CheckpointError(
        `${this.network.checkpoint.folder}: Expected ids below ${vocab_size} (vocab_size) but an added token of the ` +
          `tokenizer has the id ${unknown}: take tokenizer and text encoder of one model`,
      );
    }
    const shape = [prompts.length, this.tokens];
    const pack = (rows: readonly (readonly number[])[]) =>
      tensor("int64", shape, BigInt64Array.from(rows.flat(), BigInt));
    const { states } = await this.network.run({
      ids: pack(encoded.map(({ ids }) => ids)),
      mask: pack(encoded.map(({ attentionMask }) => attentionMask)),
    });
    return states as Tensor<"float32">;
  }
}
