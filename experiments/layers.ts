/**
 * Layers of settings: files that extend one another, laid over each other.
 * @module
 */
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { readSettings, type SettingsText } from "../config/read_settings.ts";
import { ConfigError } from "../errors.ts";

/** A file's settings. */
export interface Layer extends SettingsText {
  /** As it is shown in errors. */
  readonly file: string;
}

type Json = Record<string, unknown>;

/** Files that one experiment may be made of. */
const maxFiles = 100;

/**
 * Reads a file and everything that it extends.
 *
 * @returns from the first that holds to the last; paths that begin with `./` or `../` are absolute
 * @throws {ConfigError} where a file is missing or damaged, or extends itself
 */
export async function readLayers(file: string): Promise<Layer[]> {
  const layers: Layer[] = [];
  const visit = async (file: string, above: readonly string[]) => {
    const path = resolve(file);
    if (above.includes(path)) {
      const circle = [...above.slice(above.indexOf(path)), path].map((each) => shown(each)).join(" → ");
      throw new ConfigError(`${shown(above.at(-1)!)}: "extends" leads in a circle: ${circle}`);
    }
    if (layers.length + above.length >= maxFiles) {
      throw new ConfigError(`${shown(path)}: Expected at most ${maxFiles} files that extend one another`);
    }
    const { json, lineOf } = await readSettings(file, { what: "an experiment" });
    for (const parent of parentsOf(json, file)) {
      const target = isAbsolute(parent) ? parent : join(dirname(path), parent);
      // A file without an ending lies beside this one and is of its kind.
      await visit(shown(extname(target) === "" ? `${target}${extname(path)}` : target), [...above, path]);
    }
    layers.push({ file, json: withPaths(json, { folder: dirname(path) }), lineOf });
  };
  await visit(file, []);
  return layers;
}

/** A path as it is read from here, where that is shorter. */
function shown(path: string): string {
  const short = relative(Deno.cwd(), path);
  return short !== "" && short.length < path.length ? short : path;
}

function parentsOf({ extends: parents = [] }: Json, file: string): string[] {
  const list: unknown[] = Array.isArray(parents) ? parents : [parents];
  const wrong = list.find((parent) => typeof parent !== "string" || parent === "");
  if (wrong === undefined) return list as string[];
  throw new ConfigError(`${file}: "extends": Expected the path of a file, or a list of them`);
}

/** Keys whose texts are paths where they begin with a dot, and those whose texts are all that way, however deep. */
const pathKeys = ["model", "prior", "decoder", "file", "plugins", "priorLatents", "decoderLatents", "from", "path"];
const pathRoots = ["options"];

/** Makes texts that begin with `./` or `../` absolute, where they are paths. */
export function withPaths(json: Json, { folder }: { folder: string }): Json {
  const walk = (value: unknown, isPath: boolean): unknown => {
    if (typeof value === "string") return isPath && /^\.\.?[/\\]/.test(value) ? resolve(folder, value) : value;
    if (Array.isArray(value)) return value.map((item) => walk(item, isPath));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const name = key.split(".").at(-1)!;
        const isRoot = pathRoots.some((root) => key.split(".").includes(root));
        return [key, walk(inner, pathKeys.includes(name) || isRoot || isPath && !Array.isArray(json))];
      }),
    );
  };
  return walk(json, false) as Json;
}

/** Whether an object means something as a whole: a plugin with its options, a guidance schedule, a range. */
function isWhole(value: Json): boolean {
  return "name" in value || "kind" in value || typeof value["from"] === "number";
}

function isJoined(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isWhole(value as Json);
}

/** Lays settings over others: objects are joined key by key; lists, plugins with their options, and ranges are replaced. */
export function laidOver(below: Json, above: Json): Json {
  const joined: Json = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = joined[key];
    joined[key] = isJoined(old) && isJoined(value) ? laidOver(old, value) : value;
  }
  return joined;
}

/** The settings without those that are null. */
export function withoutNulls(json: Json): Json {
  return Object.fromEntries(
    Object.entries(json).filter(([, value]) => value !== null).map(([key, value]) => [
      key,
      typeof value === "object" && !Array.isArray(value) ? withoutNulls(value as Json) : value,
    ]),
  );
}
