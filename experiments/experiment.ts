/**
 * An experiment: what its file, the files that it extends, the environment and the command line say together.
 * @module
 */
import { basename, extname } from "node:path";
import { type Change, jsonOrText, parseChange, setValue } from "../config/apply_change.ts";
import { explainIssue } from "../config/explain_issue.ts";
import { parseSeedList, randomSeed } from "../config/parse_seeds.ts";
import { type JsonSchema, jsonSchemaOf } from "../config/json_schema.ts";
import { ConfigError } from "../errors.ts";
import { environmentVariable } from "../files/environment_variable.ts";
import { cellKeys, type ExperimentConfig, experimentSchema, maxCells, variableKeys } from "./config_schema.ts";
import { laidOver, type Layer, readLayers, withoutNulls, withPaths } from "./layers.ts";
import { sweptKeys } from "./sweep.ts";

/** An experiment whose settings are known, and whose cells are not made yet. */
export interface Experiment {
  /** All settings, defaults filled in: another experiment file. */
  readonly config: ExperimentConfig;
  /** Heading of the report. */
  readonly name: string;
  /** Of every cell, one picture for each. */
  readonly seeds: readonly number[];
  /** Says where a setting was made, for errors. */
  placeOf(path: readonly PropertyKey[]): string;
}

/** The JSON Schema of an experiment's file. */
export function experimentJsonSchema(): JsonSchema {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...jsonSchemaOf(experimentSchema) } as JsonSchema;
}

/** Settings from elsewhere than files. */
interface Override extends Change {
  /** `--set a=b`, or an environment variable. */
  readonly source: string;
}

/**
 * Reads an experiment.
 *
 * @param file none for settings from the command line alone
 * @param options.set changes such as `priorSteps=10` or `sweep.grid.priorSteps=[5,10]`; they win over the environment, and that over files
 * @throws {ConfigError} where a file is missing or damaged, or a value is not what it should be, naming file, line or key
 */
export async function readExperiment(
  file: string | undefined,
  { set = [] }: { set?: readonly string[] } = {},
): Promise<Experiment> {
  const layers = file === undefined ? [] : await readLayers(file);
  const overrides = [...await fromEnvironment(), ...set.map(fromFlag)];
  let json = layers.reduce((below, { json }) => laidOver(below, json), {} as Record<string, unknown>);
  json = structuredClone(json);
  const here = { folder: Deno.cwd() };
  for (const { path, value, source } of overrides) {
    const [, ...rest] = path;
    const whole = rest.length === 0 ? withPaths({ [path[0]!]: value }, here)[path[0]!] : value;
    const wrong = setValue(json, { path, value: whole });
    if (wrong !== undefined) throw new ConfigError(`${source}: "${wrong}" has no keys of its own`);
  }
  delete json["extends"];
  const placeOf = (path: readonly PropertyKey[]) => placeIn(path, { layers, overrides });
  const config = checkExperiment(withoutNulls(json), { placeOf });
  checkOverrides(config, overrides);
  const name = config.name ?? (file === undefined ? "experiment" : basename(file, extname(file)));
  return { config, name, seeds: seedsOf(config, placeOf), placeOf };
}

/** Fills in the defaults. */
function checkExperiment(
  json: Record<string, unknown>,
  { placeOf }: Pick<Experiment, "placeOf">,
): ExperimentConfig {
  const result = experimentSchema.safeParse(json);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  const more = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  throw new ConfigError(`${placeOf(path)}: ${explainIssue(issue, json, { schema: experimentJsonSchema() })}${more}`);
}

function fromFlag(change: string): Override {
  return { ...parseChange(change, { example: "priorSteps=10" }), source: `--set ${change}` };
}

/** `WUERSTCHEN_PRIOR_STEPS` sets `priorSteps`; the value is JSON, or else text. */
async function fromEnvironment(): Promise<Override[]> {
  const found = await Promise.all(variableKeys.map(async (key) => {
    const source = `WUERSTCHEN_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    const text = await environmentVariable(source);
    return text === undefined ? [] : [{ path: [key], value: jsonOrText(text), source }];
  }));
  return found.flat();
}

function placeIn(
  path: readonly PropertyKey[],
  { layers, overrides }: { layers: readonly Layer[]; overrides: readonly Override[] },
): string {
  const keys = path.map(String);
  const override = overrides.findLast(({ path }) => path.every((key, i) => key === keys[i]));
  if (override) return override.source;
  const layer = layers.findLast(({ json }) => hasPath(json, keys)) ?? layers.at(-1);
  if (!layer) return "experiment";
  const line = layer.lineOf(path);
  return line === undefined ? layer.file : `${layer.file} line ${line}`;
}

function hasPath(json: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  if (typeof json !== "object" || json === null || !Object.hasOwn(json, key)) return false;
  return hasPath((json as Record<string, unknown>)[key], rest);
}

/** What is set from outside must not be changed back by the sweep. */
function checkOverrides({ sweep = {} }: ExperimentConfig, overrides: readonly Override[]): void {
  const swept = sweptKeys(sweep);
  for (const { path, source } of overrides) {
    const key = path.join(".");
    const clash = swept.find((other) => other === key || other.startsWith(`${key}.`) || key.startsWith(`${other}.`));
    if (clash === undefined || !cellKeys.includes(path[0]!)) continue;
    throw new ConfigError(
      `${source}: the sweep changes "${clash}" from cell to cell: set sweep.grid.${clash}=[…] in its place`,
    );
  }
}

function seedsOf({ seed, seeds }: ExperimentConfig, placeOf: Experiment["placeOf"]): readonly number[] {
  if (seeds === undefined) return [seed ?? 0];
  if (seed !== undefined) throw new ConfigError(`${placeOf(["seeds"])}: Expected seed or seeds but found both`);
  const place = placeOf(["seeds"]);
  const list = typeof seeds === "string" ? parseSeedList(seeds, { name: `seeds (${place})`, most: maxCells }) : seeds;
  if (list.includes(randomSeed)) {
    throw new ConfigError(`${place}: "seeds": Expected no random seed: an experiment gives the same pictures again`);
  }
  const twice = list.find((seed, i) => list.indexOf(seed) !== i);
  if (twice === undefined) return list;
  throw new ConfigError(`${place}: "seeds": Expected every seed once but found ${twice} again`);
}
