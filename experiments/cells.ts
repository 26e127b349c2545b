/**
 * The cells of an experiment: one a picture.
 * @module
 */
import { setValue } from "../config/apply_change.ts";
import { explainIssue } from "../config/explain_issue.ts";
import { jsonSchemaOf } from "../config/json_schema.ts";
import { ConfigError } from "../errors.ts";
import { cellSchema, type CellSettings } from "./cell_schema.ts";
import { cellKeys, maxCells, type Sweep } from "./config_schema.ts";
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
  /** Start of the generator. */
  readonly seed: number;
  /** From 0. */
  readonly repeat: number;
  /** Its place, from 0, among the pictures of its draw: those of several prompts, or of `imagesPerPrompt`. */
  readonly image: number;
}

/** How many pictures come out of one draw. */
export function picturesOf({ prompt, imagesPerPrompt = 1 }: CellSettings): number {
  return (typeof prompt === "string" ? 1 : prompt.length) * imagesPerPrompt;
}

/**
 * Makes all cells: for every value of the sweep, all repeats of all seeds, and all pictures of each draw.
 *
 * @throws {ConfigError} where there are too many, or the settings of one are wrong, naming the key
 */
export function makeCells(experiment: Experiment): Cell[] {
  const { config, seeds } = experiment;
  const { sweep = {}, repeats, reference } = config;
  checkCount(sweep, experiment, { times: [seeds.length, repeats] });
  checkAxes(experiment, sweptKeys(sweep));
  const base = Object.fromEntries(Object.entries(config).filter(([key]) => cellKeys.includes(key)));
  const makers = assignments(sweep).map((swept) => {
    const settings = settingsOf(base, swept, experiment);
    const other = reference && checkSettings(withoutNulls(laidOver(settings, reference)), experiment, ["reference"]);
    checkDraw(settings, other, experiment);
    return { swept, settings, reference: other };
  });
  const count = seeds.length * repeats * makers.reduce((sum, { settings }) => sum + picturesOf(settings), 0);
  if (count > maxCells) {
    throw new ConfigError(
      `Expected at most ${maxCells.toLocaleString("en-US")} pictures but the draws make ${
        count.toLocaleString("en-US")
      }: take fewer prompts, imagesPerPrompt or seeds`,
    );
  }
  return makers.flatMap((cell) =>
    seeds.flatMap((seed) =>
      Array.from({ length: repeats }, (_, repeat) => repeat).flatMap((repeat) =>
        Array.from({ length: picturesOf(cell.settings) }, (_, image) => ({ ...cell, seed, repeat, image }))
      )
    )
  );
}

/** @throws {ConfigError} where a sweep makes too many cells, or its lists do not fit each other, with their place */
function checkCount(sweep: Sweep, { placeOf }: Experiment, options: { times: readonly number[] }): void {
  try {
    countCells(sweep, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${placeOf(["sweep"])}: ${error.message}`, { cause: error });
  }
}

/** @throws {ConfigError} where a draw and what it is compared with do not have as many pictures, or two things settle the seed */
function checkDraw(
  settings: CellSettings,
  reference: CellSettings | undefined,
  { config, placeOf }: Experiment,
): void {
  if (reference && picturesOf(reference) !== picturesOf(settings)) {
    throw new ConfigError(
      `${placeOf(["reference"])}: "reference": Expected as many pictures of a draw as it is compared with, ` +
        `${picturesOf(settings)}, but found ${picturesOf(reference)}`,
    );
  }
  const key = config.seeds === undefined ? "seed" : "seeds";
  if (settings.from !== undefined && config[key] !== undefined) {
    throw new ConfigError(`${placeOf([key])}: "${key}": Expected none beside from, whose run has settled it`);
  }
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
    throw new ConfigError(`${placeOf([])}: "prompt" is missing: Expected what to paint, as text or a list of texts`);
  }
  const prefix = config.sweep === undefined && root[0] === "sweep" ? "" : `${root[0]}: `;
  throw new ConfigError(`${placeOf(root)}: ${prefix}${text}`);
}

/** What the report is to be laid out by must be swept. */
function checkAxes({ config: { report }, placeOf }: Experiment, swept: readonly string[]): void {
  for (const axis of ["x", "y"] as const) {
    const key = report[axis];
    if (key === undefined || ["seed", "picture"].includes(key) || swept.includes(key)) continue;
    throw new ConfigError(
      `${
        placeOf(["report", axis])
      }: "report.${axis}": Expected a key that is swept, seed or picture but found "${key}"; there are ${
        swept.join(", ") || "none"
      }`,
    );
  }
}
