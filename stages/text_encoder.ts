/**
 * Text: prompts to the states that Stage C and Stage B are conditioned on.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { declareText, encodeText, isT5, textClassName, type TextEncoderConfig } from "../networks/text_encoder.ts";
import { graph, input } from "../onnx/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { chunkTokens, type TokenChunk } from "../text/prompt_chunks.ts";
import type { PromptParts } from "../text/prompt_syntax.ts";
import type { TextTokenizer } from "../text/text_tokenizer.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { t5EncoderOf } from "../weights/checkpoint_views.ts";
import { Network, type NetworkOptions } from "./network.ts";
import { joinWeighted } from "./weighted_states.ts";

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
    const { folder } = this.network.checkpoint;
    const { states } = await this.network.run(packTokens(chunks, { config: this.config, folder }));
    const weights = chunks.flatMap((row) => row.weights);
    const empty = () => this.encode([""]);
    return { states: await joinWeighted(states as Tensor<"float32">, { weights, empty }), lost };
  }
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
  const rows = prompts.map((prompt) => tokenizer.encode(prompt));
  return packTokens(rows.map(({ ids, attentionMask: mask }) => ({ ids, mask })), { config, folder });
}

/**
 * Rows of tokens as the network takes them, int64 [rows, tokens] each.
 *
 * @throws {CheckpointError} where a token is not of the encoder's vocabulary
 */
export function packTokens(
  rows: readonly Pick<TokenChunk, "ids" | "mask">[],
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
  return { ids: pack(({ ids }) => ids), mask: pack(({ mask }) => mask) };
}
