/**
 * The encoder of T5 (https://arxiv.org/abs/1910.10683, §2.1), v1.0 and v1.1 (https://arxiv.org/abs/2002.05202, §2): `T5EncoderModel` in
 * transformers' `modeling_t5.py`.
 * @module
 */
import { z } from "zod";
import {
  add,
  cast,
  constant,
  gather,
  mul,
  parameter,
  reshape,
  scope,
  transpose,
  type Value,
  where,
} from "../onnx/mod.ts";
import { type ActivationName, activationNames, activations } from "./activations.ts";
import { count, repeats } from "./config.ts";
import { linear, rmsNorm, scaledDotProduct } from "./layers.ts";
import { relativeBuckets } from "./relative_positions.ts";

type Projection = ActivationName | `gated-${ActivationName}`;
const projections = activationNames.flatMap((name): Projection[] => [name, `gated-${name}`]);

/** `config.json` of a T5 encoder, with the class's defaults. */
export const t5Config = z.object({
  model_type: z.literal("t5").default("t5"),
  vocab_size: count.default(32128),
  d_model: count.default(512),
  d_kv: count.default(64),
  d_ff: count.default(2048),
  num_layers: repeats.default(6),
  num_heads: count.default(8),
  relative_attention_num_buckets: count.min(4).default(32),
  relative_attention_max_distance: count.default(128),
  feed_forward_proj: z.enum(projections).default("relu"),
  layer_norm_epsilon: z.number().nonnegative().default(1e-6),
}).refine((config) => config.relative_attention_max_distance > Math.floor(config.relative_attention_num_buckets / 4), {
  path: ["relative_attention_max_distance"],
  message: "Expected more than a quarter of relative_attention_num_buckets",
}).refine((config) => config.num_layers > 0, {
  path: ["num_layers"],
  message: "Expected at least one layer, which the others share their positions with",
});

/** Sizes of a T5 encoder. */
export type T5Config = z.output<typeof t5Config>;

/** What the encoder gives. */
export interface T5Outputs {
  /** After the final norm: [b, t, d_model]. */
  lastHiddenState: Value;
  /** 0 = embeddings, i = after block i, without the final norm. */
  hiddenStates: Value[];
}

const lowest = -3.4028234663852886e38;

/** What is added to the score of token i for token j: a number of each head for their distance, and the lowest where j is padding. */
function positionBias(config: T5Config, mask: Value): Value {
  const tokens = mask.size(1);
  const { num_heads: heads, relative_attention_num_buckets: buckets } = config;
  const table = scope(
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
    () => parameter("weight", [buckets, heads]),
  );
  const places = relativeBuckets(tokens, { buckets, maxDistance: config.relative_attention_max_distance });
  const byHead = transpose(gather(table, constant("int64", [tokens, tokens], places)), [2, 0, 1]);
  const padding = where(cast(mask, "bool"), { then: 0, otherwise: lowest });
  return add(reshape(byHead, [1, heads, tokens, tokens]), reshape(padding, [mask.dim(0), 1, 1, tokens]));
}

/** The linear layers have no biases, and the scores are not scaled: the first values of `q` are. */
function selfAttention(x: Value, bias: Value, { config }: { config: T5Config }): Value {
  const inner = config.num_heads * config.d_kv;
  const project = (name: string) => linear(name, x, { to: inner, bias: false });
  const operands = { q: project("q"), k: project("k"), v: project("v"), mask: bias };
  const mixed = scaledDotProduct(operands, { heads: config.num_heads, scale: 1 });
  return linear("o", mixed, { to: config.d_model, bias: false });
}

/** wo·act(wi·x), or gated: wo·(act(wi_0·x)·(wi_1·x)). */
function feedForward(x: Value, { config }: { config: T5Config }): Value {
  const wide = (name: string) => linear(name, x, { to: config.d_ff, bias: false });
  const proj = config.feed_forward_proj;
  const gated = proj.startsWith("gated-");
  const name = proj.replace("gated-", "") as ActivationName;
  // The original's GELU is the approximation, and the class takes it for this name alone.
  const activate = activations[proj === "gated-gelu" ? "gelu_new" : name];
  const hidden = gated ? mul(activate(wide("wi_0")), wide("wi_1")) : activate(wide("wi"));
  return linear("wo", hidden, { to: config.d_model, bias: false });
}

function block(x: Value, bias: Value, { config }: { config: T5Config }): Value {
  const epsilon = config.layer_norm_epsilon;
  x = scope("layer.0", () => {
    const normed = rmsNorm("layer_norm", x, { epsilon });
    return add(x, scope("SelfAttention", () => selfAttention(normed, bias, { config })));
  });
  return scope("layer.1", () => {
    const normed = rmsNorm("layer_norm", x, { epsilon });
    return add(x, scope("DenseReluDense", () => feedForward(normed, { config })));
  });
}

/**
 * Encodes token ids.
 *
 * @param inputs.ids token ids, int64 [b, t]
 * @param inputs.mask 1 for a token, 0 for padding, int64 [b, t]
 */
export function t5Encoder(config: T5Config, inputs: { ids: Value; mask: Value }): T5Outputs {
  const table = scope("shared", () => parameter("weight", [config.vocab_size, config.d_model]));
  const bias = positionBias(config, inputs.mask);
  return scope("encoder", () => {
    let x = gather(table, inputs.ids);
    const hiddenStates = [x];
    for (let i = 0; i < config.num_layers; i++) {
      x = scope(`block.${i}`, () => block(x, bias, { config }));
      hiddenStates.push(x);
    }
    const lastHiddenState = rmsNorm("final_layer_norm", x, { epsilon: config.layer_norm_epsilon });
    return { lastHiddenState, hiddenStates };
  });
}
