/**
 * A training as a configuration: data, sizes of the networks, and how each phase learns.
 * @module
 */
import { dirname, resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { parseModelId } from "../hub/model_id.ts";
import { semanticCompressorConfig } from "../networks/semantic_compressor.ts";
import { smallCompressorConfig } from "../networks/small_compressor.ts";
import { applyChange } from "../config/apply_change.ts";
import { explainIssue } from "../config/explain_issue.ts";
import { trainingConfigSchema } from "./config_json_schema.ts";
import { type TrainingConfig, trainingConfig } from "./config_schema.ts";
import { lineOf, readJsonc } from "../config/jsonc.ts";

export {
  type PhaseConfig,
  type PhaseName,
  phaseNames,
  type TrainingConfig,
  trainingConfig,
  type TrainingSettings,
} from "./config_schema.ts";

/** Largest configuration file in bytes. */
const maxBytes = 1 << 20;

/**
 * Reads a configuration: JSON with comments.
 *
 * @param options.set changes such as `stageA.steps=10`; a value is JSON, or else text
 * @throws {ConfigError} where it cannot be read or a value is not what it should be, naming file, line or key
 */
export async function readTrainingConfig(
  path: string,
  { set = [] }: { set?: readonly string[] } = {},
): Promise<TrainingConfig> {
  const { size, isFile } = await Deno.stat(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory)) throw cause;
    throw new ConfigError(`${path}: there is no such file; give a training's configuration`, { cause });
  });
  if (!isFile) throw new ConfigError(`${path}: Expected a training's configuration but found a folder or a device`);
  if (size > maxBytes) throw new ConfigError(`${path}: Expected at most ${maxBytes} bytes but found ${size}`);
  const text = await Deno.readTextFile(path);
  const config = parseTrainingConfig(text, { file: path, set });
  const base = dirname(path);
  return {
    ...config,
    ...(config.start === undefined ? {} : { start: await resolvedStart(config.start, base) }),
    ...(config.stageC?.encoders === undefined ? {} : {
      stageC: { ...config.stageC, encoders: config.stageC.encoders.map((folder) => resolve(base, folder)) },
    }),
    data: { ...config.data, path: resolve(base, config.data.path) },
  };
}

/** Folders are relative to the configuration's own; a repository on a hub is a name that no folder has. */
async function resolvedStart(
  start: NonNullable<TrainingConfig["start"]>,
  base: string,
): Promise<NonNullable<TrainingConfig["start"]>> {
  const located = async (name: string) => {
    const path = resolve(base, name);
    return (await statIfThere(path))?.isDirectory || parseModelId(name) === undefined ? path : name;
  };
  if (typeof start === "string") return await located(start);
  const { new: unused, ...folders } = start;
  const parts = Object.entries(folders).map(async ([part, name]) => [part, await located(name!)] as const);
  return { ...Object.fromEntries(await Promise.all(parts)), ...(unused && { new: unused }) };
}

/** As {@linkcode readTrainingConfig}, of text; paths stay as they are. */
export function parseTrainingConfig(
  text: string,
  { file, set = [] }: { file: string; set?: readonly string[] },
): TrainingConfig {
  const json = readJsonc(text, { file });
  for (const change of set) applyChange(json, change, { example: "stageA.steps=100" });
  return checkTrainingConfig(json, { placeOf: (path) => placeOf(path, { text, file, set }) });
}

/**
 * Fills in the defaults of a configuration.
 *
 * @param options.placeOf says where a setting was made, for errors
 * @throws {ConfigError} where a value is not what it should be, naming its key
 */
export function checkTrainingConfig(
  json: unknown,
  { placeOf = () => "configuration" }: { placeOf?: (path: readonly PropertyKey[]) => string } = {},
): TrainingConfig {
  const result = trainingConfig.safeParse(json);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  const more = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  throw new ConfigError(
    `${placeOf(path)}: ${explainIssue(issue, json, { schema: trainingConfigSchema() })}${more}`,
  );
}

/** Where a setting was made: by a change, or in a line of the file. */
function placeOf(
  path: readonly PropertyKey[],
  { text, file, set }: { text: string; file: string; set: readonly string[] },
): string {
  const key = path.join(".");
  const change = set.findLast((change) => {
    const [changed = ""] = change.split("=");
    return key === changed || key.startsWith(`${changed}.`);
  });
  if (change !== undefined) return `--set ${change}`;
  const line = lineOf(text, path);
  return line === undefined ? file : `${file} line ${line}`;
}

/** The configuration schema of a compressor, by its class. */
export function compressorSchema(name: string | undefined) {
  return name === "EfficientNetEncoder" ? semanticCompressorConfig : smallCompressorConfig;
}
