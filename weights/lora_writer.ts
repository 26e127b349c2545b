/**
 * Writes a LoRA as diffusers and PEFT do, so that both read it.
 * @module
 */
import type { Tensor } from "../tensor/tensor.ts";
import { adapterMetadataKey } from "./lora_alpha.ts";
import { quote } from "./quote.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

/** Options of {@linkcode writeLora}. */
export interface WriteLoraOptions {
  /** Alpha of all layers; the change is alpha / rank times up·down. */
  alpha: number;
  /** More free text by key, kept in the header. */
  metadata?: Readonly<Record<string, string>>;
  /** Replace a file that exists. */
  force?: boolean;
}

/** A factor's key: network, module, part. Networks are named as the pipelines of diffusers name their components. */
const factorKey = /^(prior|text_encoder|decoder)\.(.+)\.lora_([AB])\.weight$/;

/**
 * Writes the factors of a LoRA, whole or not at all, in the layout of `WuerstchenPriorPipeline.save_lora_weights`: keys such as
 * `prior.blocks.2.attention.to_q.lora_A.weight` [r, i] and `.lora_B.weight` [o, r], and PEFT's `LoraConfig` of each network as JSON
 * in the metadata.
 *
 * @throws {ConfigError} where the file exists and `force` is not set, or its folder does not
 * @throws {ResourceError} where the disk is full
 * @throws {TypeError} where a key is no factor's, its other half is missing, or the ranks of one network differ
 */
export async function writeLora(
  path: string,
  factors: ReadonlyMap<string, Tensor>,
  { alpha, metadata = {}, force = false }: WriteLoraOptions,
): Promise<void> {
  const networks = new Map<string, { rank: number; modules: string[] }>();
  for (const [key, { shape }] of factors) {
    const [, network, module, part] = factorKey.exec(key) ?? [];
    if (network === undefined || module === undefined) {
      throw new TypeError(`Expected keys such as "prior.….lora_A.weight" but found ${quote(key)}`);
    }
    const other = `${network}.${module}.lora_${part === "A" ? "B" : "A"}.weight`;
    if (!factors.has(other)) throw new TypeError(`Expected ${quote(other)} beside ${quote(key)}`);
    const rank = shape[part === "A" ? 0 : 1]!;
    const own = networks.get(network) ?? { rank, modules: [] };
    networks.set(network, own);
    if (own.rank !== rank) throw new TypeError(`Expected ${quote(key)} to have the rank ${own.rank} but found ${rank}`);
    if (part === "A") own.modules.push(module);
  }
  const config = Object.fromEntries([...networks].flatMap(([network, { rank, modules }]) => {
    const settings = adapterSettings({ rank, alpha, modules });
    return Object.entries(settings).map(([name, value]) => [`${network}.${name}`, value]);
  }));
  await writeSafetensors(path, factors, {
    metadata: { format: "pt", [adapterMetadataKey]: JSON.stringify(config, null, 2), ...metadata },
    force,
  });
}

/** What PEFT's `LoraConfig` has to know to compute the same. */
function adapterSettings(
  { rank, alpha, modules }: { rank: number; alpha: number; modules: readonly string[] },
): Record<string, unknown> {
  return {
    alpha_pattern: {},
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: false,
    init_lora_weights: true,
    lora_alpha: alpha,
    lora_dropout: 0,
    peft_type: "LORA",
    r: rank,
    rank_pattern: {},
    target_modules: modules,
    use_dora: false,
    use_rslora: false,
  };
}
