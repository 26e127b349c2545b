/**
 * The cells of an experiment: one a picture.
 * @module
 */
import { setValue } from "../config/apply_change.ts";
import { explainIssue } from "../config/explain_issue.ts";
import { jsonSchemaOf } from "../config/json_schema.ts";
import { ConfigError } from "../errors.ts";
import { cellKeys, cellSchema, type CellSettings } from "./config_schema.ts";
import type { Experiment } from "./experiment.ts";
import { laidOver, withoutNulls } from "./layers.ts";
import { type Assignment, assignments, countCells, sweptKeys } from "./sweep.ts";

/** A picture of an experiment. */
export interface Cell {
  /** What it is painted with, defaults of the model left out. */
  readonly settings: CellSettings;
  /** What metrics compare it with is painted with these settings; undefined where nothing is. */
  readonly reference: CellSettings | undefined;
  /** Its values of the swept keys. */
  readonly swept: Assignment;
  readonly seed: number;
  /** From 0. */
  readonly repeat: number;
}

/**
 * Makes all cells: for every value of the sweep, all repeats of all seeds.
 *
 * @throws {ConfigError} where there are too many, or the settings of one are wrong, naming the key
 */
export function makeCells(experiment: Experiment): Cell[] {
  const { config, seeds } = experiment;
  const { sweep = {}, repeats, reference } = config;
  countCells(sweep, { times: [seeds.length, repeats] });
  checkAverage(experiment, sweptKeys(sweep));
  const base = Object.fromEntries(Object.entries(config).filter(([key]) => cellKeys.includes(key)));
  const makers = assignments(sweep).map((swept) => {
    const settings = settingsOf(base, swept, experiment);
    const other = reference && checkSettings(withoutNulls(laidOver(settings, reference)), experiment, ["reference"]);
    return { swept, settings, reference: other };
  });
  return makers.flatMap((cell) =>
    seeds.flatMap((seed) => Array.from({ length: repeats }, (_, repeat) => ({ ...cell, seed, repeat })))
  );
}

function settingsOf(base: object, swept: Assignment, experiment: Experiment): CellSettings {
  const settings = structuredClone(base);
  for (const [key, value] of Object.entries(swept)) {
    const path = key.split(".");
    const place = experiment.placeOf(["sweep"]);
    if (path.some((part) => part === "" || part in Object.prototype)) {
      throw new ConfigError(`${place}: sweep: "${key}": there is no such setting`);
    }
    const wrong = setValue(settings, { path, value: structuredClone(value) });
    if (wrong !== undefined) throw new ConfigError(`${place}: sweep: "${key}": "${wrong}" has no keys of its own`);
  }
  return checkSettings(withoutNulls(settings as Record<string, unknown>), experiment, ["sweep"]);
}

let schema: ReturnType<typeof jsonSchemaOf> | undefined;

function checkSettings(
  settings: Record<string, unknown>,
  { placeOf, config }: Experiment,
  root: readonly string[],
): CellSettings {
  const result = cellSchema.safeParse(settings);
  if (result.success) return result.data as CellSettings;
  const issue = result.error.issues[0]!;
  const text = explainIssue(issue, settings, { schema: schema ??= jsonSchemaOf(cellSchema) });
  if (issue.path[0] === "prompt" && settings["prompt"] === undefined) {
    throw new ConfigError(`${placeOf([])}: "prompt" is missing: Expected what to paint, as text`);
  }
  const prefix = config.sweep === undefined && root[0] === "sweep" ? "" : `${root[0]}: `;
  throw new ConfigError(`${placeOf(root)}: ${prefix}${text}`);
}

/** What the report is to be laid out by must be swept. */
function checkAverage({ config: { report }, placeOf }: Experiment, swept: readonly string[]): void {
  for (const axis of ["x", "y"] as const) {
    const key = report[axis];
    if (key === undefined || key === "seed" || swept.includes(key)) continue;
    throw new ConfigError(
      `${
        placeOf(["report", axis])
      }: "report.${axis}": Expected a key that is swept, or seed, but found "${key}"; there are ${
        swept.join(", ") || "none"
      }`,
    );
  }
}
