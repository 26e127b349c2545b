/**
 * What `wuerstchen plugins` does.
 * @module
 */
import { type JsonSchema, jsonSchemaOf } from "../config/json_schema.ts";
import { nearestName } from "../config/nearest_name.ts";
import { ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import type { Kind, Plugin } from "../plugins/define.ts";
import { isKind, kindNames } from "../plugins/kinds.ts";
import type { Registry } from "../plugins/registry.ts";
import { newPlugin } from "../plugins/templates.ts";
import { openRegistry } from "./_registry.ts";
import { writeOut } from "./_stdout.ts";
import type { PluginsAction, PluginsFlags } from "./plugins.ts";

type Entry = ReturnType<Registry["list"]>[number];

/**
 * Runs the command.
 *
 * @throws {ConfigError} where a word is missing, too many, or names nothing
 */
export async function runPlugins(action: PluginsAction, words: readonly string[], flags: PluginsFlags): Promise<void> {
  switch (action) {
    case "list":
      return list(words, await openRegistry(flags), flags);
    case "show":
      return show(words, await openRegistry(flags), flags);
    case "new":
      return await create(words, flags);
  }
}

function list(words: readonly string[], registry: Registry, { json }: PluginsFlags): void {
  const [kind] = expectWords("list [KIND]", words, { min: 0, max: 1 });
  const entries = registry.list(kind === undefined ? undefined : kindOf(kind));
  if (json) {
    return print(entries.map(({ plugin: { kind, name, summary }, source }) => ({ kind, name, summary, source })));
  }
  const widths = [
    Math.max(0, ...entries.map(({ plugin }) => plugin.kind.length)),
    Math.max(0, ...entries.map(({ plugin }) => plugin.name.length)),
  ];
  for (const { plugin: { kind, name, summary } } of entries) {
    writeOut(`${kind.padEnd(widths[0]!)}  ${name.padEnd(widths[1]!)}  ${summary}\n`);
  }
}

function show(words: readonly string[], registry: Registry, { json }: PluginsFlags): void {
  const [name] = expectWords("show NAME", words, { min: 1, max: 1 }) as [string];
  const found = registry.list().filter(({ plugin }) => plugin.name === name);
  if (found.length === 0) {
    const near = nearestName(name, registry.list().map(({ plugin }) => plugin.name));
    const hint = near === undefined ? "see wuerstchen plugins list" : `did you mean "${near}"?`;
    throw new ConfigError(`Expected a plugin that is known but found ${JSON.stringify(name)}; ${hint}`);
  }
  if (json) return print(found.map(describe));
  writeOut(found.map(explain).join("\n"));
}

function describe({ plugin: { kind, name, summary, paper, classes, options }, source }: Entry) {
  return { kind, name, summary, paper, classes, source, options: options && jsonSchemaOf(options) };
}

function explain({ plugin, source }: Entry): string {
  const { kind, name, summary, paper, classes, options } = plugin;
  const lines = [`${name} (${kind}, ${source})`, `  ${summary}`];
  if (paper !== undefined) lines.push(`  ${paper}`);
  if (classes !== undefined) lines.push(`  opens ${classes.join(", ")}`);
  const properties = Object.entries(options === undefined ? {} : jsonSchemaOf(options).properties ?? {});
  lines.push(properties.length === 0 ? "  no options" : "  options:");
  for (const [option, schema] of properties) lines.push(`    ${option}: ${range(schema)}  ${schema.description ?? ""}`);
  const flag = flagOf(plugin);
  if (flag !== undefined) lines.push(`  flag: ${flag} ${name}`);
  return `${lines.join("\n")}\n`;
}

function range({ type, minimum, exclusiveMinimum, maximum, enum: words, default: value }: JsonSchema): string {
  const least = minimum !== undefined
    ? ` from ${minimum}`
    : exclusiveMinimum !== undefined
    ? ` above ${exclusiveMinimum}`
    : "";
  const most = maximum === undefined ? "" : ` to ${maximum}`;
  const usual = value === undefined ? "" : `, ${JSON.stringify(value)} unless told`;
  return `${words ? words.join(" or ") : type ?? "any"}${least}${most}${usual}`;
}

function flagOf({ kind, classes }: Plugin): string | undefined {
  if (kind === "scheduler") return "--prior-scheduler";
  if (kind === "runtime") return "--runtime";
  if (kind === "postprocessor") return "--post";
  return kind === "prior" && classes === undefined ? "--prior-plugin" : undefined;
}

async function create(words: readonly string[], { force = false, json }: PluginsFlags): Promise<void> {
  const [kind, file] = expectWords("new KIND NAME", words, { min: 2, max: 2 }) as [string, string];
  const files = newPlugin(kindOf(kind), file);
  for (const { path } of files) {
    const isThere = await Deno.lstat(path).then(() => true, () => false);
    if (isThere && !force) {
      throw new ConfigError(`${path}: there is such a file already: choose another name, or add --force`);
    }
  }
  for (const { path, text } of files) await writeFileAtomic(path, new TextEncoder().encode(text), { force });
  const paths = files.map(({ path }) => path);
  if (json) return print({ paths });
  for (const path of paths) writeOut(`${path}\n`);
}

function expectWords(
  usage: string,
  words: readonly string[],
  { min, max }: { min: number; max: number },
): readonly string[] {
  if (words.length >= min && words.length <= max) return words;
  throw new ConfigError(
    `Expected wuerstchen plugins ${usage} but found ${words.length} words behind ${usage.split(" ")[0]}`,
  );
}

function kindOf(text: string): Kind {
  const found = isKind(text)
    ? text
    : kindNames.find((kind) => kind.toLowerCase() === text.toLowerCase().replace(/[-_ ]/g, ""));
  if (found) return found;
  const near = nearestName(text, kindNames);
  throw new ConfigError(
    `Expected a kind of plugin (${kindNames.join(", ")}) but found ${JSON.stringify(text)}` +
      (near === undefined ? "" : `; did you mean "${near}"?`),
  );
}

function print(value: unknown): void {
  writeOut(`${JSON.stringify(value, null, 2)}\n`);
}
