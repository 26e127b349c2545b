/**
 * Several text encoders as one: their states one after the other along the token axis, each mapped to one width by an adapter.
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { count, parseConfig } from "../networks/config.ts";
import { adaptStates, joinStates } from "../networks/text_adapters.ts";
import { declareText, encodeText, textWidth } from "../networks/text_encoder.ts";
import { graph, input, scope, type Value } from "../onnx/mod.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { chunkTokens, type TokenChunk } from "../text/prompt_chunks.ts";
import type { PromptParts } from "../text/prompt_syntax.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { joinedCheckpoint } from "../weights/checkpoint_views.ts";
import { Network, type NetworkOptions } from "./network.ts";
import { openTextEncoder } from "./open_text_encoder.ts";
import { packTokens, type TextEncoderParts, type TextSizes, textWeights, tokensOf } from "./text_encoder.ts";
import { joinWeighted } from "./weighted_states.ts";

const name = z.string().regex(/^(?!\.{1,2}$)[^/\\]+$/, "Expected the name of a folder beside this file");

/** `config.json` of encoders that are joined. */
export const joinedTextConfig = z.object({
  _class_name: z.literal("JoinedTextEncoder").default("JoinedTextEncoder"),
  /** Channels of the joined states: `c_cond` of Stage C, or `clip_embd` of Stage B. */
  width: count,
  /** Folders of the encoders, each with its `config.json`, its weights and its `tokenizer/`; in the order of their states. */
  encoders: z.array(name).min(1).max(8),
});

/** Which encoders are joined. */
export type JoinedTextConfig = z.output<typeof joinedTextConfig>;

/** An encoder with its weights. */
export type WeightedTextEncoder = TextEncoderParts & { readonly checkpoint: Checkpoint };

/** Text encoders that run as one network. */
export class JoinedTextEncoder {
  readonly network: Network<TextSizes>;
  readonly #encoders: readonly WeightedTextEncoder[];

  /**
   * @param parts.width channels of the joined states
   * @param adapters `adapters.i.weight` [width, own width] and `adapters.i.bias` [width] for the i-th encoder, in a folder that messages
   * name; an encoder without an adapter has to have that width
   * @throws {CheckpointError} where an encoder has another width and no adapter, or weights and sizes do not fit
   */
  constructor(
    { width, encoders }: { width: number; encoders: readonly WeightedTextEncoder[] },
    adapters: Checkpoint,
    options?: NetworkOptions,
  ) {
    this.#encoders = encoders;
    const isAdapted = (i: number) => adapters.tensors.has(`adapters.${i}.weight`);
    for (const [i, { config, checkpoint }] of encoders.entries()) {
      if (isAdapted(i) || textWidth(config) === width) continue;
      throw new CheckpointError(
        `${adapters.folder}: Expected an adapter "adapters.${i}.weight" [${width}, ${
          textWidth(config)
        }], since the states of ` +
          `${checkpoint.folder} have ${textWidth(config)} channels and not ${width}, but found none`,
      );
    }
    const inputsOf = (i: number, tokens: number) => ({
      ids: input(`ids_${i}`, "int64", ["batch", tokens]),
      mask: input(`mask_${i}`, "int64", ["batch", tokens]),
    });
    const adapt = (i: number, states: Value) => {
      return isAdapted(i) ? adaptStates(i, states, { width }) : states;
    };
    const build = () => {
      const built = encoders.map(({ config, tokenizer: { maxLength } }, i) => {
        const inputs = inputsOf(i, maxLength);
        return { inputs, states: adapt(i, scope(`encoders.${i}`, () => encodeText(config, inputs))) };
      });
      const states = joinStates(built.map(({ states }) => states));
      const inputs = built.flatMap(({ inputs }) => Object.values(inputs));
      return graph({ name: "JoinedTextEncoder", inputs, outputs: { states } });
    };
    const declare = () => {
      for (const [i, { config }] of encoders.entries()) {
        scope(`encoders.${i}`, () => declareText(config, inputsOf(i, 1)));
        adapt(i, input("states", "float32", ["batch", 1, textWidth(config)]));
      }
    };
    const own = encoders.map(({ config, checkpoint }, i) => {
      return [`encoders.${i}.`, textWeights(config, checkpoint)] as const;
    });
    const checkpoint = joinedCheckpoint(adapters.folder, [["", adapters], ...own]);
    this.network = new Network({ declare, build }, checkpoint, options);
  }

  /** Tokens that every prompt is padded or cut to, of all encoders together. */
  get tokens(): number {
    return this.#encoders.reduce((sum, { tokenizer }) => sum + tokenizer.maxLength, 0);
  }

  /** The words of `prompt` that fit into none of the encoders; `""` where one takes all. */
  truncated(prompt: string): string {
    return shortest(this.#encoders.map(({ tokenizer }) => tokenizer.encode(prompt).truncated));
  }

  /**
   * States of all tokens of each prompt, encoder by encoder: [prompts, tokens, width].
   *
   * @throws {CheckpointError} where a tokenizer knows a token that its encoder does not
   */
  async encode(prompts: readonly string[]): Promise<Tensor<"float32">> {
    const inputs = this.#encoders.flatMap(({ checkpoint: { folder }, ...parts }, i) => {
      const { ids, mask } = tokensOf(prompts, { ...parts, folder });
      return [[`ids_${i}`, ids], [`mask_${i}`, mask]] as const;
    });
    const { states } = await this.network.run(Object.fromEntries(inputs));
    return states as Tensor<"float32">;
  }

  /**
   * States of one prompt with weights, in parts: [1, n·tokens, width]. A row has the tokens of all encoders; where one of them needs fewer
   * rows for a part than another, its further ones are those of an empty prompt.
   *
   * Adapters keep straight lines, so that weights act behind them as they would before.
   *
   * @param options.chunk whether a part that does not fit goes on in a further row
   * @throws {CheckpointError} where a tokenizer knows a token that its encoder does not
   */
  async encodeParts(
    parts: PromptParts,
    { chunk }: { chunk: boolean },
  ): Promise<{ states: Tensor<"float32">; lost: string }> {
    const rows: TokenChunk[][] = [];
    let lost = "";
    for (const part of parts) {
      const own = this.#encoders.map(({ tokenizer }) => chunkTokens([part], tokenizer, { chunk }));
      if (lost === "") lost = shortest(own.map(({ lost }) => lost));
      const most = Math.max(...own.map(({ chunks }) => chunks.length));
      for (let row = 0; row < most; row++) {
        rows.push(own.map(({ chunks }, i) => chunks[row] ?? emptyRow(this.#encoders[i]!)));
      }
    }
    const inputs = this.#encoders.flatMap(({ config, checkpoint: { folder } }, i) => {
      const { ids, mask } = packTokens(rows.map((row) => row[i]!), { config, folder });
      return [[`ids_${i}`, ids], [`mask_${i}`, mask]] as const;
    });
    const { states } = await this.network.run(Object.fromEntries(inputs));
    const weights = rows.flatMap((row) => row.flatMap(({ weights }) => weights));
    const empty = () => this.encode([""]);
    return { states: await joinWeighted(states as Tensor<"float32">, { weights, empty }), lost };
  }
}

function shortest(texts: readonly string[]): string {
  return texts.reduce((shortest, text) => text.length < shortest.length ? text : shortest);
}

function emptyRow({ tokenizer }: WeightedTextEncoder): TokenChunk {
  return chunkTokens([[{ text: "", weight: 1 }]], tokenizer, { chunk: false }).chunks[0]!;
}

/**
 * Opens encoders that are joined by a `config.json` ({@linkcode joinedTextConfig}).
 *
 * @param json the `config.json`
 * @param parts.folder where it lies, with the encoders' folders
 * @param parts.checkpoint the adapters: `model.safetensors` beside it
 * @throws {CheckpointError} where a file is missing or wrong
 */
export async function openJoinedTextEncoder(
  json: unknown,
  { folder, checkpoint, options }: { folder: string; checkpoint: Checkpoint; options?: NetworkOptions },
): Promise<JoinedTextEncoder> {
  const { width, encoders } = parseConfig(joinedTextConfig, json, { file: join(folder, "config.json") });
  const opened = await Promise.all(encoders.map((name) => {
    const own = join(folder, name);
    return openTextEncoder({ folder: own, tokenizer: join(own, "tokenizer") }, { variant: checkpoint.variant });
  }));
  return new JoinedTextEncoder({ width, encoders: opened }, checkpoint, options);
}
