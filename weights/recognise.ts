/**
 * Tells which network's weights a file holds, by the names of its tensors alone.
 * @module
 */

/** A network of this family. */
export type NetworkKind = "prior" | "decoder" | "vqgan" | "text_encoder" | "compressor";

/** What a file was recognised as. */
export interface Recognised {
  /** Undefined where it is no network that can be run here. */
  readonly kind: NetworkKind | undefined;
  /** For people: `Stage C`, `Stable Cascade's Stage C`. */
  readonly name: string;
}

/** A pattern is a name, or an expression for names that are numbered. */
type Pattern = string | RegExp;

const kinds: readonly (readonly [Recognised, readonly Pattern[]])[] = [
  [{ kind: "prior", name: "Stage C" }, ["projection.weight", "cond_mapper.0.weight", "out.1.weight"]],
  [{ kind: "prior", name: "Stage C, a transformer" }, [
    "embedding.weight",
    "modulation.weight",
    "out.projection.weight",
  ]],
  [{ kind: "decoder", name: "Stage B" }, ["clip_mapper.weight", /^effnet_mappers\.\d+\.weight$/, "clf.1.weight"]],
  [{ kind: "vqgan", name: "Stage A" }, ["in_block.1.weight", "out_block.0.weight", "vquantizer.embedding.weight"]],
  [{ kind: "text_encoder", name: "a CLIP text encoder" }, ["text_model.embeddings.token_embedding.weight"]],
  [
    { kind: "text_encoder", name: "a T5 text encoder" },
    ["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "encoder.final_layer_norm.weight"],
  ],
  [{ kind: "compressor", name: "a semantic compressor" }, ["backbone.0.0.weight", "mapper.0.weight"]],
  [{ kind: "compressor", name: "a semantic compressor" }, [/^levels\.0\./, /^mapper\./]],
];

/** Families that are known and cannot be run, by what no other file has. */
const foreign: readonly (readonly [string, readonly Pattern[]])[] = [
  ["Stable Cascade's Stage C", [/(^|\.)clip_txt_mapper\.weight$/]],
  ["Stable Cascade's Stage B", [/(^|\.)(effnet_mapper\.0|pixels_mapper\.0)\.weight$/]],
  ["Würstchen v1's Stage B", [/(^|\.)byt5_mapper\.weight$/]],
  ["Würstchen v1's Stage B", [/(^|\.)in_mapper\.0\.weight$/, /(^|\.)out_mapper\.1\.weight$/]],
  ["a LoRA", [/[._]lora[._](down|up|A|B)\b|\.lora_linear_layer\./]],
  ["Stable Diffusion", [/(^|\.)diffusion_model\.input_blocks\./]],
  ["Stable Diffusion", [/^conv_in\.weight$/, /^down_blocks\.0\.resnets\./]],
  ["a transformer such as SD 3's or Flux's", [/(^|\.)(joint_blocks|double_blocks|single_transformer_blocks)\.0\./]],
  ["OpenCLIP", [/(^|\.)transformer\.resblocks\.0\./]],
];

/**
 * Recognises a network.
 *
 * @param tensors by the names of diffusers
 * @returns `undefined` where no network is known with such names
 */
export function recognise(tensors: ReadonlyMap<string, unknown>): Recognised | undefined {
  const keys = [...tensors.keys()];
  const has = (pattern: Pattern) =>
    typeof pattern === "string" ? tensors.has(pattern) : keys.some((key) => pattern.test(key));
  const other = foreign.find(([, patterns]) => patterns.every(has));
  if (other) return { kind: undefined, name: other[0] };
  return kinds.find(([, patterns]) => patterns.every(has))?.[0];
}
