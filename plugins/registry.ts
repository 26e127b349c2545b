/**
 * The plugins that a program knows: an instance, which is passed in.
 * @module
 */
import { explainIssue } from "../config/explain_issue.ts";
import { jsonSchemaOf } from "../config/json_schema.ts";
import { nearestName } from "../config/nearest_name.ts";
import { ConfigError, PluginError } from "../errors.ts";
import { checkPlugin } from "./check_plugin.ts";
import type { Kind, Kinds, Plugin } from "./define.ts";
import { kinds } from "./kinds.ts";

/** A plugin by name, and its options. */
export interface PluginChoice {
  /** What it is chosen by. */
  readonly name: string;
  /** Defaults where left out. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** A plugin whose options have been checked. */
export interface ChosenPlugin<K extends Kind = Kind> extends PluginChoice {
  /** What was chosen. */
  readonly plugin: Plugin<K>;
  /**
   * Makes the part.
   *
   * @throws {PluginError} where the plugin throws, or makes something else, naming it
   */
  create(context: Kinds[K]["context"]): Promise<Kinds[K]["part"]>;
}

/** Where a plugin comes from: `built in`, or what it was loaded from. */
export type Source = string;

/** Keys with which an object's prototype could be changed. */
const forbidden = ["__proto__", "prototype", "constructor"];

/** Plugins by kind and name. */
export class Registry {
  readonly #plugins = new Map<string, { plugin: Plugin; source: Source }>();

  /**
   * Makes a registry of some plugins.
   *
   * @throws {ConfigError} where two plugins of a kind have one name
   */
  constructor(plugins: Iterable<Plugin> = []) {
    for (const plugin of plugins) this.add(plugin, { source: "built in" });
  }

  /**
   * Adds a plugin.
   *
   * @throws {PluginError} where it is none
   * @throws {ConfigError} where its name is taken
   */
  add(plugin: unknown, { source }: { source: Source }): Plugin {
    checkPlugin(plugin, { source });
    const key = `${plugin.kind} ${plugin.name}`;
    const other = this.#plugins.get(key);
    if (other) {
      throw new ConfigError(
        `${source}: Expected a new name but there is a ${
          kinds[plugin.kind].words
        } "${plugin.name}" already (${other.source})`,
      );
    }
    this.#plugins.set(key, { plugin, source });
    return plugin;
  }

  /** All plugins, or those of a kind, with where they come from. */
  list<K extends Kind = Kind>(kind?: K): { plugin: Plugin<K>; source: Source }[] {
    const all = [...this.#plugins.values()] as { plugin: Plugin<K>; source: Source }[];
    return kind === undefined ? all : all.filter(({ plugin }) => plugin.kind === kind);
  }

  /**
   * The plugin of a kind by its name.
   *
   * @throws {ConfigError} where there is none, with the names that there are
   */
  get<K extends Kind>(kind: K, name: string): Plugin<K> {
    const found = this.#plugins.get(`${kind} ${name}`);
    if (found) return found.plugin as unknown as Plugin<K>;
    const names = this.list(kind).map(({ plugin }) => plugin.name);
    const near = nearestName(name, names);
    const others = this.list().filter(({ plugin }) => plugin.name === name).map(({ plugin }) =>
      kinds[plugin.kind].words
    );
    throw new ConfigError(
      `Expected a ${kinds[kind].words} that is known but found ${JSON.stringify(name)}` +
        (others.length > 0 ? `, which is a ${others.join(" and a ")}` : "") +
        (near === undefined ? "" : `; did you mean "${near}"?`) + `; there are ${names.join(", ") || "none"}`,
    );
  }

  /**
   * The plugin for a class that a model's `config.json` names.
   *
   * @returns undefined where no plugin of the kind knows it
   */
  byClass<K extends Kind>(kind: K, className: string): Plugin<K> | undefined {
    return this.list(kind).find(({ plugin }) => plugin.classes?.includes(className))?.plugin;
  }

  /**
   * Looks a choice up and checks its options.
   *
   * @throws {ConfigError} where there is no such plugin, or an option is wrong, naming it and what was expected
   */
  choose<K extends Kind>(kind: K, choice: string | PluginChoice): ChosenPlugin<K> {
    const { name, options = {} } = typeof choice === "string" ? { name: choice } : choice;
    const plugin = this.get(kind, name);
    const checked = checkOptions(plugin, options);
    const create = async (context: Kinds[K]["context"]) => {
      const part = await blame(plugin, () => plugin.create(checked, context));
      return checkPart(plugin, part);
    };
    return { name, ...(plugin.options === undefined ? {} : { options: checked }), plugin, create };
  }
}

/** The validated options of a plugin, defaults filled in. */
function checkOptions({ kind, name, options: schema }: Plugin, options: unknown): Record<string, unknown> {
  const what = `${kinds[kind].words} ${name}`;
  const bad = forbiddenKey(options);
  if (bad !== undefined) throw new ConfigError(`${what}: "${bad}": there is no such setting`);
  if (schema === undefined) {
    const [key] = Object.keys(options as object);
    if (key === undefined) return {};
    throw new ConfigError(`${what}: "${key}": there is no such setting; it has none`);
  }
  const result = schema.safeParse(options);
  if (result.success) return result.data as Record<string, unknown>;
  const text = explainIssue(result.error.issues[0]!, options, { schema: jsonSchemaOf(schema) });
  throw new ConfigError(`${what}: ${text}`);
}

/** The first key, however deep, that would reach for a prototype. */
function forbiddenKey(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const keys = Object.keys(value);
  return keys.find((key) => forbidden.includes(key)) ??
    keys.map((key) => forbiddenKey((value as Record<string, unknown>)[key])).find((key) => key !== undefined);
}

/**
 * Runs something of a plugin.
 *
 * @throws {PluginError} where it throws, naming the plugin; errors about options, files and limits keep their class
 */
export async function blame<Result>(
  { kind, name }: Pick<Plugin, "kind" | "name">,
  work: () => Result,
): Promise<Awaited<Result>> {
  try {
    return await work();
  } catch (error) {
    throw blamed({ kind, name }, error);
  }
}

/** An error of a plugin with its name in front; what was cancelled stays as it is. */
export function blamed({ kind, name }: Pick<Plugin, "kind" | "name">, error: unknown): unknown {
  if (error instanceof DOMException && error.name === "AbortError") return error;
  if (error instanceof PluginError) return error;
  const text = error instanceof Error ? error.message || error.name : String(error);
  // Errors of ours that a part throws about a model or a machine are the user's to mend, not the plugin's.
  if (error instanceof Error && ours.includes(error.name)) return error;
  return new PluginError(`${kinds[kind].words} ${name}: ${text}`, { cause: error });
}

const ours = ["ConfigError", "CheckpointError", "NumericError", "HubError", "ResourceError", "PermissionError"];

function checkPart<Part>({ kind, name }: Pick<Plugin, "kind" | "name">, part: Part): Part {
  const { words, methods } = kinds[kind];
  const has = (method: string) => typeof (part as Record<string, unknown> | null)?.[method] === "function";
  if (typeof part === "object" && part !== null && methods.some(has)) return part;
  throw new PluginError(
    `${words} ${name}: Expected create() to return an object with ${
      methods.map((method) => `${method}()`).join(" or ")
    }`,
  );
}
