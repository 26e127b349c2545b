/**
 * Captions as the text inputs of an objective.
 * @module
 */
import { encodeText, type TextEncoderConfig, textWidth } from "../../networks/text_encoder.ts";
import { graph, input } from "../../onnx/mod.ts";
import { sizeOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import type { TextTokenizer } from "../../text/text_tokenizer.ts";
import type { BatchDraws } from "../draws.ts";
import { FrozenNetwork } from "../frozen_network.ts";
import type { Weights } from "../optimiser/gradient_pass.ts";
import type { PhaseContext } from "./phase.ts";

/** Makes text inputs: token ids for an encoder that learns, states for one that is frozen. */
export interface TextInputs extends AsyncDisposable {
  of(captions: readonly string[]): Promise<Record<string, Tensor>>;
}

/** Ids and attention mask of captions, each [b, tokens]. */
export function tokenInputs(tokenizer: TextTokenizer, captions: readonly string[]): Record<"ids" | "mask", Tensor> {
  const encoded = captions.map((caption) => tokenizer.encode(caption));
  const pack = (rows: readonly (readonly number[])[]) =>
    tensor("int64", [rows.length, tokenizer.maxLength], BigInt64Array.from(rows.flat(), BigInt));
  return {
    ids: pack(encoded.map(({ ids }) => ids)),
    mask: pack(encoded.map(({ attentionMask }) => attentionMask)),
  };
}

/** Token ids, for an encoder that is trained along. */
function trainedText(tokenizer: TextTokenizer): TextInputs {
  return {
    of: (captions) => Promise.resolve(tokenInputs(tokenizer, captions)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Most states that are kept, in elements: 256 MB. */
const cacheSize = 1 << 26;

/** Captions, a share of them replaced by none: guidance needs to know what a picture without words is. */
export function withDropout(
  captions: readonly string[],
  draws: BatchDraws,
  { share }: { share: number },
): string[] {
  const drops = draws.uniform("caption", captions.length);
  return captions.map((caption, i) => drops[i]! < share ? "" : caption);
}

/** Text inputs of a phase, for an encoder that learns along or stays as it is. */
export async function textInputs(
  name: "prior_text_encoder" | "decoder_text_encoder",
  { config: { threads }, configs, networks, tokenizer }: PhaseContext,
  { isTrained }: { isTrained: boolean },
): Promise<TextInputs> {
  if (isTrained) return trainedText(tokenizer);
  return await frozenText({ config: configs[name], tokenizer, weights: networks.get(name)! }, { threads });
}

/** States of an encoder that is frozen, kept by caption. Each caption is encoded alone, so that no state depends on its batch. */
async function frozenText(
  { config, tokenizer, weights }: { config: TextEncoderConfig; tokenizer: TextTokenizer; weights: Weights },
  { threads }: { threads?: number | undefined } = {},
): Promise<TextInputs> {
  const shape = [1, tokenizer.maxLength];
  const inputs = { ids: input("ids", "int64", shape), mask: input("mask", "int64", shape) };
  const network = graph({
    inputs: Object.values(inputs),
    outputs: { states: encodeText(config, inputs) },
  });
  const encoder = await FrozenNetwork.create(network, weights, { threads });
  const kept = new Map<string, Float32Array>();
  const size = tokenizer.maxLength * textWidth(config);
  const states = async (caption: string) => {
    const found = kept.get(caption) ??
      (await encoder.run(tokenInputs(tokenizer, [caption])))["states"]!.data as Float32Array;
    if ((kept.size + 1) * size <= cacheSize) kept.set(caption, found);
    return found;
  };
  return {
    async of(captions) {
      const text = tensor("float32", [captions.length, tokenizer.maxLength, textWidth(config)]);
      for (const [i, caption] of captions.entries()) {
        text.data.set(await states(caption), i * sizeOf(text.shape.slice(1)));
      }
      return { text };
    },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}
