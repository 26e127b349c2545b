/**
 * Post-processors on the command line: `--post NAME[:key=value,…]`, in the order in which they are given.
 * @module
 */
import { jsonSchemaOf } from "../config/json_schema.ts";
import { ConfigError } from "../errors.ts";
import { plannedEncoding } from "../pipeline/postprocess.ts";
import type { Encoding } from "../plugins/contracts/postprocessor.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import { quote } from "../weights/quote.ts";
import { parseOption } from "./_plugin_flags.ts";
import { splitPost } from "./_post_text.ts";
import { nameOf } from "./_registry.ts";

/**
 * Reads the values of `--post`: `resize:scale=2,filter=nearest`, or with settings in JSON, `upscale:{"model":"a,b.onnx"}`.
 *
 * @throws {ConfigError} where a plugin is unknown or settings cannot be read; what they say is checked later
 */
export function readPost(texts: readonly string[], { registry }: { registry: Registry }): PluginChoice[] {
  return texts.map((text) => {
    const { name: word, settings } = splitPost(text);
    const { name, options } = registry.get("postprocessor", nameOf(word, registry));
    const properties = options === undefined ? {} : jsonSchemaOf(options).properties ?? {};
    if (settings.startsWith("{")) return { name, options: readJson(settings) };
    const pairs = settings === "" ? [] : settings.split(",").map((pair) => {
      const [, key, value] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
      if (key !== undefined) return [key, parseOption(value!, properties[key] ?? {})];
      throw new ConfigError(`Expected --post to be NAME or NAME:key=value,… but found ${quote(text)}`);
    });
    return { name, options: Object.fromEntries(pairs) };
  });
}

function readJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`Expected the settings of --post to be JSON but found ${quote(text)}`, { cause });
  }
}

/** How pictures will want to be stored, by the last of their post-processors that says so. */
export async function encodingOfPost(
  choices: readonly (string | PluginChoice)[] | undefined,
  { registry }: { registry: Registry },
): Promise<Encoding> {
  const named = (choices ?? []).map((choice) => typeof choice === "string" ? { name: choice } : choice);
  return await plannedEncoding(named, registry);
}
