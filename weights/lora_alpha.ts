/**
 * How strong a LoRA is by itself: alpha over its rank, out of what PEFT and diffusers write beside the tensors.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { quote } from "./quote.ts";
import { isObject, type JsonObject, type JsonValue, parseStrictJson } from "./strict_json.ts";

/** Key of a safetensors file's metadata under which diffusers keeps the adapter's configuration as JSON. */
export const adapterMetadataKey = "lora_adapter_metadata";

/** Alpha of each module. */
export interface LoraAlpha {
  /** Factor of up·down: alpha / rank, or alpha / √rank where it is rank-stabilised (https://arxiv.org/abs/2312.03732). */
  scale(module: string, rank: number): number;
}

/** Without any alpha it is the rank, as in diffusers. */
export const noAlpha: LoraAlpha = { scale: () => 1 };

/** Settings of PEFT's `LoraConfig` that compute something else than W + s·B·A. */
const variants = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "lora_bias",
  "alora_invocation_tokens",
  "arrow_config",
  "kasa_config",
  "layer_replication",
  "monteclora_config",
  "velora_config",
];

/** First values that change the weights they are added to. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/;

/**
 * Reads `r`, `lora_alpha` and what goes with them out of a `LoraConfig`.
 *
 * @param file named in messages
 * @throws {CheckpointError} where it asks for more than W + s·B·A, or alpha is no number
 */
export function loraAlpha(config: JsonObject, { file }: { file: string }): LoraAlpha {
  const refuse = (name: string) => {
    throw new CheckpointError(
      `${file}: adapter setting ${quote(name)} is ${shown(config[name])}, which is not supported`,
    );
  };
  if ((config["peft_type"] ?? "LORA") !== "LORA") refuse("peft_type");
  const variant = variants.find((name) =>
    config[name] !== undefined && config[name] !== null && config[name] !== false
  );
  if (variant !== undefined) refuse(variant);
  const init = config["init_lora_weights"];
  if (typeof init === "string" && changesBase.test(init)) refuse("init_lora_weights");
  const alpha = config["lora_alpha"];
  if (typeof alpha !== "number") refuse("lora_alpha");
  const patterns = readPatterns(config["alpha_pattern"] ?? {}, file);
  const stabilised = config["use_rslora"] === true;
  return {
    scale(module, rank) {
      const own = patterns.find(({ matches }) => matches(module))?.alpha ?? (alpha as number);
      return own / (stabilised ? Math.sqrt(rank) : rank);
    },
  };
}

function shown(value: JsonValue | undefined): string {
  return value === undefined
    ? "missing"
    : typeof value === "string"
    ? quote(value)
    : JSON.stringify(value).slice(0, 100);
}

/**
 * `alpha_pattern`: alpha by the end of a module's path, whole after `^`. PEFT takes the keys for regular expressions; those of a
 * stranger are not run here, so all but plain paths are refused.
 */
function readPatterns(value: JsonValue, file: string): { matches: (module: string) => boolean; alpha: number }[] {
  if (!isObject(value)) throw new CheckpointError(`${file}: adapter setting "alpha_pattern": expected an object`);
  return Object.entries(value).map(([key, alpha]) => {
    const path = /^\^?((?:\w|\\?\.)+)$/.exec(key)?.[1]?.replaceAll("\\.", ".");
    if (path === undefined || typeof alpha !== "number") {
      throw new CheckpointError(
        `${file}: adapter setting "alpha_pattern": expected paths of modules with a number each but found ${
          quote(key)
        }`,
      );
    }
    const matches = (module: string) => module === path || !key.startsWith("^") && module.endsWith(`.${path}`);
    return { matches, alpha };
  });
}

/**
 * Reads the configuration of one network's adapter out of a file's metadata, where diffusers puts it before each of its names
 * the prefix of that network's keys.
 *
 * @param prefix such as `prior.`, or `""`
 * @returns `undefined` where the file says nothing about it
 * @throws {CheckpointError} where the metadata are no JSON object
 */
export function adapterConfig(
  metadata: Readonly<Record<string, string>>,
  { prefix, file }: { prefix: string; file: string },
): JsonObject | undefined {
  const text = metadata[adapterMetadataKey];
  if (text === undefined) return undefined;
  const config = parse(text, file);
  const own = Object.entries(config).filter(([name]) =>
    name.startsWith(prefix) && !name.slice(prefix.length).includes(".")
  );
  if (own.length === 0) return undefined;
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function parse(text: string, file: string): JsonObject {
  try {
    const value = parseStrictJson(text);
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CheckpointError(`${file}: metadata "${adapterMetadataKey}": not valid JSON: ${cause.message}`, { cause });
  }
  throw new CheckpointError(`${file}: metadata "${adapterMetadataKey}": expected a JSON object`);
}
