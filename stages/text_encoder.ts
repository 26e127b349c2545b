/**
 * Text: prompts to the states that Stage C and Stage B are conditioned on.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { declareText, encodeText, isT5, textClassName, type TextEncoderConfig } from "../networks/text_encoder.ts";
import { graph, input } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { chunkTokens } from "../text/prompt_chunks.ts";
import type { PromptParts } from "../text/prompt_syntax.ts";
import type { TextTokenizer } from "../text/text_tokenizer.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { t5EncoderOf } from "../weights/checkpoint_views.ts";
import { Network, type NetworkOptions } from "./network.ts";

/** Sizes that a text encoder session is built for. */
export interface TextSizes {
  tokens: number;
}

/** A text encoder before it becomes a stage: its sizes, and what makes tokens for it. */
export interface TextEncoderParts {
  readonly config: TextEncoderConfig;
  readonly tokenizer: TextTokenizer;
}

/** The text encoder of one half of a model: CLIP's, or T5's. */
export class TextEncoderStage {
  readonly config: TextEncoderConfig;
  readonly network: Network<TextSizes>;
  readonly #tokenizer: TextTokenizer;

  constructor({ config, tokenizer }: TextEncoderParts, checkpoint: Checkpoint, options?: NetworkOptions) {
    this.config = config;
    this.#tokenizer = tokenizer;
    const inputsOf = ({ tokens }: TextSizes) => ({
      ids: input("ids", "int64", ["batch", tokens]),
      mask: input("mask", "int64", ["batch", tokens]),
    });
    const build = (sizes: TextSizes) => {
      const inputs = inputsOf(sizes);
      const outputs = { states: encodeText(config, inputs) };
      return graph({ name: textClassName(config), inputs: Object.values(inputs), outputs });
    };
    const declare = () => declareText(config, inputsOf({ tokens: 1 }));
    this.network = new Network({ declare, build }, textWeights(config, checkpoint), options);
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
   * States after the final norm of all tokens of each prompt: [prompts, tokens, width].
   *
   * @throws {CheckpointError} where the tokenizer knows a token that the encoder does not
   */
  async encode(prompts: readonly string[]): Promise<Tensor<"float32">> {
    const { folder } = this.network.checkpoint;
    const { states } = await this.network.run(
      tokensOf(prompts, { config: this.config, tokenizer: this.#tokenizer, folder }),
    );
    return states as Tensor<"float32">;
  }

  /**
   * States of one prompt with weights, in parts: [1, n·tokens, width].
   *
   * @param options.chunk whether a part that does not fit goes on in a further row
   * @throws {CheckpointError} where the tokenizer knows a token that the encoder does not
   */
  async encodeParts(
    parts: PromptParts,
    { chunk }: { chunk: boolean },
  ): Promise<{ states: Tensor<"float32">; lost: string }> {
    const { chunks, lost } = chunkTokens(parts, this.#tokenizer, { chunk });
    const rows = chunks.map(({ ids, mask }) => ({ ids, attentionMask: mask }));
    const { folder } = this.network.checkpoint;
    const { states } = await this.network.run(packTokens(rows, { config: this.config, folder }));
    const weights = chunks.flatMap((row) => row.weights);
    const own = states as Tensor<"float32">;
    const found = weights.every((weight) => weight === 1) ? own : weighted(own, await this.encode([""]), weights);
    const [count, tokens, width] = found.shape as [number, number, number];
    return { states: tensor("float32", [1, count * tokens, width], found.data), lost };
  }
}

/**
 * States of rows whose tokens have weights: each state is moved away from that of an empty prompt, w·(z − z₀) + z₀, as ComfyUI does
 * (`encode_token_weights` of `comfy/sd1_clip.py`).
 */
function weighted(states: Tensor<"float32">, empty: Tensor<"float32">, weights: readonly number[]): Tensor<"float32"> {
  const width = states.shape[2]!;
  const length = empty.data.length;
  const data = states.data.map((value, i) => {
    const start = empty.data[i % length]!;
    return start + weights[Math.floor(i / width)]! * (value - start);
  });
  return tensor("float32", states.shape, data);
}

/** The weights of a text encoder as its network names them, out of any checkpoint that has them: of a whole T5 model the encoder alone. */
export function textWeights(config: TextEncoderConfig, checkpoint: Checkpoint): Checkpoint {
  return isT5(config) ? t5EncoderOf(checkpoint) : checkpoint;
}

/**
 * Ids and attention mask of prompts, int64 [prompts, tokens] each.
 *
 * @param encoder.folder of the text encoder, for messages
 * @throws {CheckpointError} where the tokenizer knows a token that the encoder does not
 */
export function tokensOf(
  prompts: readonly string[],
  { config, tokenizer, folder }: TextEncoderParts & { readonly folder: string },
): Record<"ids" | "mask", Tensor<"int64">> {
  return packTokens(prompts.map((prompt) => tokenizer.encode(prompt)), { config, folder });
}

/** Rows of tokens as the network takes them. */
function packTokens(
  rows: readonly { readonly ids: readonly number[]; readonly attentionMask: readonly number[] }[],
  { config: { vocab_size }, folder }: Pick<TextEncoderParts, "config"> & { readonly folder: string },
): Record<"ids" | "mask", Tensor<"int64">> {
  const unknown = rows.flatMap(({ ids }) => ids).find((id) => id >= vocab_size);
  if (unknown !== undefined) {
    throw new CheckpointError(
      `${folder}: Expected ids below ${vocab_size} (vocab_size) but an added token of the tokenizer has the id ${unknown}: ` +
        "take tokenizer and text encoder of one model",
    );
  }
  const pack = (rowOf: (row: (typeof rows)[number]) => readonly number[]) =>
    tensor("int64", [rows.length, rows[0]!.ids.length], BigInt64Array.from(rows.flatMap(rowOf), BigInt));
  return { ids: pack(({ ids }) => ids), mask: pack(({ attentionMask }) => attentionMask) };
}
