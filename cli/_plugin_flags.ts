/**
 * Flags out of the options of plugins: behind `--prior-scheduler ddim` there is `--prior-scheduler-eta`, with its help.
 * @module
 */
import { type Command, Option } from "commander";
import type { JsonSchema } from "../config/json_schema.ts";
import type { PluginFlags } from "./_registry.ts";

/** Flags with the name of a plugin behind them. */
const slots = ["--scheduler", "--prior-scheduler", "--decoder-scheduler", "--prior-plugin", "--runtime"];

/**
 * Adds the flags of the plugins that a command line names to its command, and of those that the picture was painted with whose settings it
 * takes over; loads nothing where there are none.
 *
 * @throws {ConfigError} where a plugin is unknown
 * @throws {PermissionError} where one is from outside and nobody has allowed it
 * @throws {CheckpointError} where the picture is missing or says nothing
 */
export async function addPluginFlags(program: Command, args: readonly string[]): Promise<void> {
  const command = program.commands.find((command) => command.name() === args[0]);
  const known = slots.filter((slot) => command?.options.some(({ long }) => long === slot));
  const named = known.flatMap((slot) => {
    const name = valueOf(args, slot);
    return name === undefined ? [] : [[slot, name] as const];
  });
  const chosen = [
    ...named,
    ...await earlierPlugins(args, known.filter((slot) => named.every(([other]) => other !== slot))),
  ];
  if (!command || chosen.length === 0) return;
  const [{ openRegistry, chosenPlugin, pluginSlots }, { jsonSchemaOf }] = await Promise.all([
    import("./_registry.ts"),
    import("../config/json_schema.ts"),
  ]);
  const keys = chosen.map(([flag, value]) => [pluginSlots.find((slot) => slot.flag === flag)!.key, value]);
  const flags: PluginFlags = { ...Object.fromEntries(keys), allowPlugin: valuesOf(args, "--allow-plugin") };
  const registry = await openRegistry(flags);
  for (const [flag] of chosen) {
    const { key, kind } = pluginSlots.find((slot) => slot.flag === flag)!;
    const { name } = chosenPlugin(key, flags, { registry })!;
    const { options } = registry.get(kind, name);
    if (options === undefined) continue;
    for (const [option, schema] of Object.entries(jsonSchemaOf(options).properties ?? {})) {
      const words = schema.enum?.map(String);
      const placeholder = words ? words.join("|") : schema.type ?? "value";
      const added = new Option(`${flag}-${kebab(option)} <${placeholder}>`, describe(schema));
      command.addOption(added.helpGroup(`Options of ${name}:`).argParser((text) => parseOption(text, schema)));
    }
  }
}

/** The plugins of the picture whose settings are taken over, for those flags that options are given of. */
async function earlierPlugins(
  args: readonly string[],
  flags: readonly string[],
): Promise<(readonly [flag: string, name: string])[]> {
  const file = valueOf(args, "--config-from") ?? valueOf(args, "-C");
  const wanted = flags.filter((flag) => args.some((arg) => arg.startsWith(`${flag}-`)));
  if (file === undefined || wanted.length === 0) return [];
  const [{ readPicture }, { pluginSlots }] = await Promise.all([
    import("./_picture_file.ts"),
    import("./_registry.ts"),
  ]);
  const { metadata } = await readPicture(file);
  return wanted.flatMap((flag) => {
    const { setting } = pluginSlots.find((slot) => slot.flag === flag)!;
    const plugin = setting === undefined ? undefined : metadata?.options[setting];
    return plugin === undefined ? [] : [[flag, plugin.name] as const];
  });
}

function describe({ description = "", default: value }: JsonSchema): string {
  return value === undefined ? description : `${description} (default: ${JSON.stringify(value)})`;
}

/** What a text means for a schema; where it means nothing, the text, which the schema then refuses in its own words. */
export function parseOption(text: string, { type }: JsonSchema): unknown {
  if (type === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Everything that stands behind a flag; what follows `--` is no flag. */
function valuesOf(args: readonly string[], flag: string): string[] {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).flatMap((arg, i) => {
    if (arg === flag && args[i + 1] !== undefined) return [args[i + 1]!];
    return arg.startsWith(`${flag}=`) ? [arg.slice(flag.length + 1)] : [];
  });
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  return valuesOf(args, flag).at(-1);
}
