/**
 * The plugins of a command: what comes along, and what its flags and the user's own settings allow.
 * @module
 */
import { jsonSchemaOf } from "../config/json_schema.ts";
import type { PictureMetadata } from "../pipeline/metadata.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { allowedBySettings, canonicalSpecifier, isSpecifier, loadPlugin } from "../plugins/load.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import { splitPost } from "./_post_text.ts";

/** Flags that choose plugins. */
export interface PluginFlags {
  readonly allowPlugin?: readonly string[];
  readonly scheduler?: string;
  readonly priorScheduler?: string;
  readonly decoderScheduler?: string;
  readonly priorPlugin?: string;
  readonly runtime?: string;
  /** `--post`, as often as it is given; `false` is `--no-post`. */
  readonly post?: readonly string[] | false;
}

/**
 * The flags behind which the name of a plugin stands, and whose plugin's options become flags; `setting` is what pictures remember the
 * plugin under.
 */
export const pluginSlots = [
  { flag: "--scheduler", key: "scheduler", kind: "scheduler", setting: "priorScheduler" },
  { flag: "--prior-scheduler", key: "priorScheduler", kind: "scheduler", setting: "priorScheduler" },
  { flag: "--decoder-scheduler", key: "decoderScheduler", kind: "scheduler", setting: "decoderScheduler" },
  { flag: "--prior-plugin", key: "priorPlugin", kind: "prior", setting: "priorPlugin" },
  { flag: "--runtime", key: "runtime", kind: "runtime", setting: undefined },
] as const;

/**
 * Makes the registry of a command. What `--allow-plugin` names is loaded; of what the settings allow, only what is named by its path.
 *
 * @throws {PermissionError} where a flag names an outside plugin that nobody has allowed
 * @throws {PluginError} where one cannot be loaded
 */
export async function openRegistry(flags: PluginFlags): Promise<Registry> {
  const registry = builtinRegistry();
  const slots = pluginSlots.map(({ key }) => flags[key]).filter((name) => name !== undefined);
  const named = [...slots, ...(flags.post || []).map((text) => splitPost(text).name)].filter(isSpecifier);
  const byFlag = flags.allowPlugin ?? [];
  if (named.length + byFlag.length === 0) return registry;
  const settings = named.length > 0 ? await allowedBySettings() : [];
  const allowed = new Set([...settings, ...byFlag.map((specifier) => canonicalSpecifier(specifier))]);
  for (const specifier of [...byFlag, ...named]) await loadPlugin(specifier, registry, { allowed });
  return registry;
}

/**
 * The plugin that a flag chooses, by its name, with the options that flags of its own give it.
 *
 * @param flags as commander parsed them: options of `--prior-scheduler ddim` are `priorSchedulerEta`
 * @param options.earlier settings of a picture: without a flag that names a plugin, options are laid over those of the picture's own
 */
export function chosenPlugin(
  slot: typeof pluginSlots[number]["key"],
  flags: PluginFlags,
  { registry, earlier }: { registry: Registry; earlier?: PictureMetadata["options"] | undefined },
): PluginChoice | undefined {
  const { kind, setting } = pluginSlots.find(({ key }) => key === slot)!;
  const before = flags[slot] === undefined && setting !== undefined ? earlier?.[setting] : undefined;
  const text = flags[slot] ?? before?.name;
  if (text === undefined) return undefined;
  const { name, options: schema } = registry.get(kind, nameOf(text, registry));
  const names = schema === undefined ? [] : Object.keys(jsonSchemaOf(schema).properties ?? {});
  const all = flags as Readonly<Record<string, unknown>>;
  const given = names.map((key) => [key, all[`${slot}${key[0]!.toUpperCase()}${key.slice(1)}`]] as const);
  const options = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  if (before === undefined) return { name, options };
  return Object.keys(options).length === 0 ? undefined : { name, options: { ...before.options, ...options } };
}

/** The name of a plugin that may be named by what it was loaded from. */
export function nameOf(specifier: string, registry: Registry): string {
  if (!isSpecifier(specifier)) return specifier;
  const source = canonicalSpecifier(specifier);
  return registry.list().find((entry) => entry.source === source)?.plugin.name ?? specifier;
}
