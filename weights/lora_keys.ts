/**
 * The names that trainers give to a LoRA's tensors.
 *
 * - diffusers and PEFT: `prior.blocks.2.attention.to_q.lora_A.weight` and `.lora_B.weight`, and older forms of them
 *   (diffusers' `utils/state_dict_utils.py`);
 * - kohya's sd-scripts, ComfyUI and OneTrainer: dots are underscores, `lora_unet_blocks_2_attention_to_q.lora_down.weight`,
 *   `.lora_up.weight` and `.alpha`.
 * @module
 */

/** Networks that a LoRA can change, by the names that metadata give them. */
export const loraNetworks = ["prior", "prior_text_encoder", "decoder"] as const;

/** A network that a LoRA can change. */
export type LoraNetwork = typeof loraNetworks[number];

/** A module as a LoRA's keys spell it. */
export interface LoraTarget {
  readonly network: LoraNetwork;
  /** Path of the module in its network: its weight's key without `.weight`. */
  readonly module: string;
  /** What stood before the path, and tells where alpha is written. */
  readonly prefix: string;
}

/** Which of its tensors a key names. */
export type LoraPart = "down" | "up" | "alpha";

const denoisers = ["prior", "decoder"] as const;

const dottedPrefixes: Readonly<Record<string, readonly LoraNetwork[]>> = {
  "": loraNetworks,
  "base_model.model.": loraNetworks,
  "diffusion_model.": denoisers,
  "unet.": denoisers,
  "prior.": ["prior"],
  "decoder.": ["decoder"],
  "text_encoder.": ["prior_text_encoder"],
};

const flatPrefixes: Readonly<Record<string, readonly LoraNetwork[]>> = {
  "lora_unet_": denoisers,
  "lora_prior_unet_": ["prior"],
  "lora_prior_prior_": ["prior"],
  "lora_te_": ["prior_text_encoder"],
  "lora_te1_": ["prior_text_encoder"],
  "lora_prior_te_": ["prior_text_encoder"],
};

const suffixes: readonly (readonly [string, LoraPart])[] = [
  [".lora_A.weight", "down"],
  [".lora_B.weight", "up"],
  [".lora_A.default.weight", "down"],
  [".lora_B.default.weight", "up"],
  [".lora_down.weight", "down"],
  [".lora_up.weight", "up"],
  [".lora.down.weight", "down"],
  [".lora.up.weight", "up"],
  [".lora_linear_layer.down.weight", "down"],
  [".lora_linear_layer.up.weight", "up"],
  ["_lora.down.weight", "down"],
  ["_lora.up.weight", "up"],
  [".alpha", "alpha"],
];

/** Other names of a module: the last layer of attention without its number, and those of the original checkpoints. */
function spellings(module: string): string[] {
  const match = /^(.*\.)?attention\.(to_q|to_k|to_v|to_out\.0)$/.exec(module);
  if (!match) return [module];
  const [, before = "", layer] = match;
  const others = layer === "to_out.0" ? ["to_out", "attn.out_proj"] : [`attn.${layer}`];
  return [module, ...others.map((other) => `${before}attention.${other}`)];
}

/**
 * Finds the module that a key is about.
 *
 * @param modules the modules of each network that have a weight
 * @returns a function that gives target and part of a key, or `undefined` where no module of the model is spelt like that
 */
export function loraKeys(
  modules: Readonly<Partial<Record<LoraNetwork, Iterable<string>>>>,
): (key: string) => { target: LoraTarget; part: LoraPart } | undefined {
  const targets = new Map<string, LoraTarget>();
  for (const network of loraNetworks) {
    for (const module of modules[network] ?? []) {
      const note = (prefixes: typeof flatPrefixes, spelt: string) => {
        for (const [prefix, networks] of Object.entries(prefixes)) {
          if (!networks.includes(network) || targets.has(prefix + spelt)) continue;
          targets.set(prefix + spelt, { network, module, prefix });
        }
      };
      for (const spelt of spellings(module)) {
        note(dottedPrefixes, spelt);
        note(flatPrefixes, spelt.replaceAll(".", "_"));
      }
    }
  }
  return (key) => {
    for (const [suffix, part] of suffixes) {
      if (!key.endsWith(suffix)) continue;
      const target = targets.get(key.slice(0, -suffix.length).replace(".processor.", "."));
      if (target) return { target, part };
    }
    return undefined;
  };
}

const otherKinds: readonly (readonly [RegExp, string])[] = [
  [/\.dora_scale$|\.lora_magnitude_vector\b/, "DoRA"],
  [/\.hada_w\d/, "LoHa"],
  [/\.lokr_w\d/, "LoKr"],
  [/\.lora_mid\./, "a LoRA with a middle factor"],
  [/\.(lora_B|lora_up)\.bias$|\.diff_b$/, "a LoRA with biases"],
  [/\.lora_embedding_[AB]\b/, "a LoRA of embeddings"],
  [/\.diff$/, "a full difference"],
  [/^weights\.\d+\.lora_(down|up)$/, "a LoRA of Stable Cascade in Stability's own keys"],
];

/** What a key belongs to that is no LoRA of this kind: `DoRA`, `LoHa` …; `undefined` where it is none of them. */
export function otherKind(key: string): string | undefined {
  return otherKinds.find(([pattern]) => pattern.test(key))?.[1];
}
