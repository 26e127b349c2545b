/**
 * What an evaluation takes from the configuration that a model was trained with.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { z } from "zod";
import { ConfigError } from "../errors.ts";

const side = z.int().min(1).max(4096);
const holdOut = z.object({ modulo: z.int().min(2), remainder: z.int().nonnegative().default(0) });
const phase = z.object({ holdOut: holdOut.optional() }).optional();

/** The part of a training's configuration that says which pictures there are, and which of them a phase never saw. */
export const evaluationConfig = z.object({
  data: z.object({
    /** A folder, `.tar` or `.parquet` files; relative to the configuration's own folder. */
    path: z.string().min(1).optional(),
    /** Pixels of the pictures; the model's own size where left out. */
    size: z.union([side, z.object({ width: side, height: side })]).optional(),
    fit: z.enum(["cover", "native"]).default("cover"),
    filter: z.enum(["bicubic", "bilinear", "box", "nearest"]).default("bicubic"),
    /** Laid under drawings with alpha, and said in their captions. */
    backgrounds: z.object({
      colours: z.record(z.string(), z.string().regex(/^#[0-9a-f]{6}$/i, "Expected a colour as #rrggbb")).optional(),
      caption: z.string().optional(),
      heldOut: holdOut.optional(),
    }).optional(),
    /** Keeps the pictures whose caption matches: a regular expression. */
    only: z.string().optional(),
  }),
  stageA: phase,
  stageB: phase,
  stageC: phase,
});

/** What an evaluation needs to know of a training. */
export type EvaluationConfig = z.output<typeof evaluationConfig>;

/**
 * Checks a configuration; what an evaluation does not need is not looked at.
 *
 * @param json what a `train.jsonc` holds
 * @throws {ConfigError} naming the key and what was expected
 */
export function parseEvaluationConfig(json: unknown, { file }: { file: string }): EvaluationConfig {
  const result = evaluationConfig.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const key = issue.path.join(".");
  throw new ConfigError(`${file}: ${key ? `"${key}": ` : ""}${issue.message}`);
}

/**
 * Where a model's configuration lies: in its folder as `train.jsonc`, or in the folder of the run that made it, whose model or
 * checkpoint it is.
 */
export async function findEvaluationConfig(model: string): Promise<string> {
  const run = basename(dirname(model)) === "checkpoints" ? dirname(dirname(model)) : dirname(model);
  const places = [join(model, "train.jsonc"), join(run, "config.json")];
  for (const place of places) if ((await Deno.stat(place).catch(() => undefined))?.isFile) return place;
  throw new ConfigError(
    `${model}: there is no train.jsonc that says what the model was trained on: give --config FILE`,
  );
}

/**
 * Reads a configuration: JSON with comments.
 *
 * @returns `data.path` as a path from here
 * @throws {ConfigError} where the file is missing, no JSON, or a value is not what it should be
 */
export async function readEvaluationConfig(file: string): Promise<EvaluationConfig> {
  const text = await Deno.readTextFile(file).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.IsADirectory)) throw cause;
    throw new ConfigError(`${file}: there is no such file; give a training's configuration`, { cause });
  });
  const errors: ParseError[] = [];
  const json: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const line = text.slice(0, error.offset).split("\n").length;
    throw new ConfigError(`${file} line ${line}: ${printParseErrorCode(error.error)}`);
  }
  const config = parseEvaluationConfig(json, { file });
  const { path } = config.data;
  return path === undefined ? config : { ...config, data: { ...config.data, path: resolve(dirname(file), path) } };
}
