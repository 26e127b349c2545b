/**
 * The CLIP text encoder (`CLIPTextModel`, `CLIPTextModelWithProjection`; https://arxiv.org/abs/2103.00020, §2.4;
 * transformers' `modeling_clip.py`).
 * @module
 */
import { z } from "zod";
import {
  add,
  argMax,
  cast,
  constant,
  equal,
  gather,
  GraphError,
  matMul,
  parameter,
  reshape,
  scope,
  type Value,
  where,
} from "../onnx/mod.ts";
import { activationNames, activations } from "./activations.ts";
import { count, repeats } from "./config.ts";
import { layerNorm, linear, scaledDotProduct } from "./layers.ts";

/** `config.json` of a CLIP text model, with the class's defaults. */
export const clipTextConfig = z.object({
  vocab_size: count.default(49408),
  hidden_size: count.default(512),
  intermediate_size: count.default(2048),
  projection_dim: count.default(512),
  num_hidden_layers: repeats.default(12),
  num_attention_heads: count.default(8),
  max_position_embeddings: count.default(77),
  hidden_act: z.enum(activationNames).default("quick_gelu"),
  layer_norm_eps: z.number().nonnegative().default(1e-5),
  eos_token_id: z.int().default(49407),
  architectures: z.array(z.string()).default(["CLIPTextModel"]),
}).refine((config) => config.hidden_size % config.num_attention_heads === 0, {
  path: ["num_attention_heads"],
  message: "Expected hidden_size to divide by num_attention_heads",
});

/** Sizes of a text encoder. */
export type ClipTextConfig = z.output<typeof clipTextConfig>;

/** What the encoder gives. */
export interface ClipTextOutputs {
  /** After the final LayerNorm, which is what Würstchen v2 reads: [b, t, hidden_size]. */
  lastHiddenState: Value;
  /** 0 = embeddings, i = after layer i, without the final LayerNorm. */
  hiddenStates: Value[];
  /** Row of `lastHiddenState` at the first end-of-text token: [b, hidden_size]. */
  pooled: Value;
  /** `pooled` through `text_projection`, only with `CLIPTextModelWithProjection`: [b, projection_dim]. */
  textEmbeds?: Value;
}

const lowest = -3.4028234663852886e38;

/**
 * What is added to the score of token i for token j: 0 where it may be seen, the lowest float32 where j > i or where j is
 * padding, −∞ where both hold (which tells the two apart in a row that sees nothing): [b, 1, t, t].
 */
function attentionMask(mask: Value): Value {
  const length = mask.size(1);
  const causal = Float32Array.from(
    { length: length * length },
    (_, i) => i % length <= Math.floor(i / length) ? 0 : lowest,
  );
  const padding = where(cast(mask, "bool"), { then: 0, otherwise: lowest });
  return add(constant("float32", [1, 1, length, length], causal), reshape(padding, [mask.dim(0), 1, 1, length]));
}

function encoderLayer(x: Value, mask: Value, { config }: { config: ClipTextConfig }): Value {
  const width = config.hidden_size;
  const normed = layerNorm("layer_norm1", x, { epsilon: config.layer_norm_eps });
  const mixed = scope("self_attn", () => {
    const q = linear("q_proj", normed, { to: width });
    const k = linear("k_proj", normed, { to: width });
    const v = linear("v_proj", normed, { to: width });
    return linear("out_proj", scaledDotProduct({ q, k, v, mask }, { heads: config.num_attention_heads }), {
      to: width,
    });
  });
  x = add(x, mixed);
  const wide = layerNorm("layer_norm2", x, { epsilon: config.layer_norm_eps });
  return add(
    x,
    scope("mlp", () => {
      const hidden = activations[config.hidden_act](linear("fc1", wide, { to: config.intermediate_size }));
      return linear("fc2", hidden, { to: width });
    }),
  );
}

/** The row of `states` at each sequence's first end-of-text token. */
function poolAtEnd(states: Value, ids: Value, { endId }: { endId: number }): Value {
  const length = states.size(1);
  // Configurations written before transformers #24773 carry eos_token_id 2; there the largest id is the end.
  const end = endId === 2 ? argMax(ids, { axis: 1 }) : argMax(cast(equal(ids, endId), "int32"), { axis: 1 });
  const positions = constant("int64", [1, length], BigInt64Array.from({ length }, (_, i) => BigInt(i)));
  const chosen = cast(equal(positions, end), "float32");
  const row = matMul(reshape(chosen, [ids.dim(0), 1, length]), states);
  return reshape(row, [ids.dim(0), states.dim(2)]);
}

/**
 * Encodes token ids.
 *
 * @param inputs.ids token ids, int64 [b, t] with t ≤ max_position_embeddings
 * @param inputs.mask 1 for a token, 0 for padding, int64 [b, t]
 */
export function clipText(config: ClipTextConfig, inputs: { ids: Value; mask: Value }): ClipTextOutputs {
  const length = inputs.ids.size(1);
  if (length > config.max_position_embeddings) {
    throw new GraphError(`Expected at most ${config.max_position_embeddings} tokens but found ${length}`);
  }
  const width = config.hidden_size;
  return scope("text_model", () => {
    let x = scope("embeddings", () => {
      const tokens = scope("token_embedding", () => parameter("weight", [config.vocab_size, width]));
      const positions = scope("position_embedding", () => parameter("weight", [config.max_position_embeddings, width]));
      const order = constant("int64", [length], BigInt64Array.from({ length }, (_, i) => BigInt(i)));
      return add(gather(tokens, inputs.ids), gather(positions, order));
    });
    const mask = attentionMask(inputs.mask);
    const hiddenStates = [x];
    for (let i = 0; i < config.num_hidden_layers; i++) {
      x = scope(`encoder.layers.${i}`, () => encoderLayer(x, mask, { config }));
      hiddenStates.push(x);
    }
    const lastHiddenState = layerNorm("final_layer_norm", x, { epsilon: config.layer_norm_eps });
    const pooled = poolAtEnd(lastHiddenState, inputs.ids, { endId: config.eos_token_id });
    return { lastHiddenState, hiddenStates, pooled };
  });
}

/** Like {@linkcode clipText}, with the projected embedding of `CLIPTextModelWithProjection`. */
export function clipTextWithProjection(
  config: ClipTextConfig,
  inputs: { ids: Value; mask: Value },
): Required<ClipTextOutputs> {
  const outputs = clipText(config, inputs);
  const textEmbeds = linear("text_projection", outputs.pooled, { to: config.projection_dim, bias: false });
  return { ...outputs, textEmbeds };
}
