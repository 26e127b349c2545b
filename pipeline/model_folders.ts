/**
 * What the folders of a model say, wherever they lie: which halves they hold, what comes along, and the model's own settings.
 * @module
 */
import { dirname, join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { parseConfig } from "../networks/config.ts";
import { checkTimesteps } from "../schedulers/timesteps.ts";
import { checkPrompt } from "../text/prompt.ts";
import { readJson } from "../weights/read_json.ts";
import { maxGuidance, maxSteps } from "./limits.ts";
import { type DecoderRepository, onlyRepository, type PriorRepository, readModelFolder } from "./repositories.ts";
import { usualSides } from "./size_rules.ts";

const side = z.int().min(1).max(1 << 16);
const steps = z.int().positive().max(maxSteps);
const guidance = z.number().nonnegative().max(maxGuidance);
/** What a function throws about a value is an issue of the file that holds it. */
const checkedBy = <Value>(check: (value: Value) => unknown) => (value: Value, context: z.RefinementCtx) => {
  try {
    check(value);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
};
const timesteps = z.array(z.number()).superRefine(checkedBy(checkTimesteps));

/** What `wuerstchen.json` may hold. */
export const modelDefaultsFile = z.strictObject({
  width: side.optional(),
  height: side.optional(),
  prior_steps: steps.optional(),
  prior_timesteps: timesteps.optional(),
  prior_guidance: guidance.optional(),
  decoder_steps: steps.optional(),
  decoder_timesteps: timesteps.optional(),
  decoder_guidance: guidance.optional(),
  negative_prompt: z.string().superRefine(checkedBy(checkPrompt)).optional(),
  min_side: side.optional(),
  max_side: side.optional(),
});

/** Settings of `wuerstchen.json`: a model's own defaults, each replacing diffusers'. */
export type ModelDefaultsFile = z.output<typeof modelDefaultsFile>;

/** Where a model was found, in a way that holds in any working directory: bundled names, commits on the hub, else absolute folders. */
export interface ModelSource {
  readonly name: string;
  /** Only where this half is not that of `name`. */
  readonly prior?: string;
  /** Only where this half is not that of `name`. */
  readonly decoder?: string;
}

/** Both halves of a model. */
export interface ModelFolders {
  /** As it was asked for. */
  readonly name: string;
  readonly source: ModelSource;
  readonly prior: PriorRepository;
  readonly decoder: DecoderRepository;
  /** Folder of the semantic compressor, where the model has one: published repositories leave it out. */
  readonly compressor?: string;
  /** Folder of the preview decoder, where the model has one. */
  readonly preview?: string;
  readonly defaults: ModelDefaultsFile;
}

const isFile = async (path: string) => (await statIfThere(path))?.isFile ?? false;

/** What a decoder was trained with: inside its repository, or beside it. */
export async function companionsOf({ folder }: DecoderRepository): Promise<{ compressor?: string; preview?: string }> {
  const find = async (name: string) => {
    for (const place of [folder, dirname(folder)]) {
      if (await isFile(join(place, name, "config.json"))) return { [name]: join(place, name) };
    }
    return {};
  };
  return { ...await find("compressor"), ...await find("preview") };
}

/**
 * Settings of all `wuerstchen.json` of a model, later folders over earlier ones.
 *
 * @throws {CheckpointError} where they contradict each other, naming the file that says the number in question
 */
export async function readDefaults(folders: readonly string[]): Promise<ModelDefaultsFile> {
  const merged: ModelDefaultsFile = {};
  const fileOf: Partial<Record<keyof ModelDefaultsFile, string>> = {};
  for (const folder of new Set(folders)) {
    const file = join(folder, "wuerstchen.json");
    if (!await isFile(file)) continue;
    const own = parseConfig(modelDefaultsFile, await readJson(file), { file });
    Object.assign(merged, own);
    for (const key of Object.keys(own) as (keyof ModelDefaultsFile)[]) fileOf[key] = file;
  }
  const { min_side: min = usualSides.min, max_side: max = usualSides.max } = merged;
  if (min > max) {
    const [key, file] = fileOf.min_side ? ["min_side", fileOf.min_side] : ["max_side", fileOf.max_side];
    throw new CheckpointError(`${file}: "${key}": Expected min_side (${min}) to be at most max_side (${max})`);
  }
  for (const key of ["width", "height"] as const) {
    const value = merged[key] ?? min;
    if (value >= min && value <= max) continue;
    throw new CheckpointError(
      `${fileOf[key]}: "${key}": Expected a side from ${min} to ${max} (min_side, max_side) but found ${value}`,
    );
  }
  return merged;
}

/**
 * Opens a folder that holds both halves of a model.
 *
 * @param name what the model is called
 * @throws {CheckpointError} where a half is missing or is no Würstchen repository
 */
export async function openModelFolder(
  folder: string,
  { name = folder }: { name?: string } = {},
): Promise<ModelFolders> {
  const found = await readModelFolder(folder);
  const [prior, decoder] = [onlyRepository(found, "prior"), onlyRepository(found, "decoder")];
  if (!prior || !decoder) {
    const lacks = prior ? "a decoder" : decoder ? "a prior" : "a prior and a decoder";
    throw new CheckpointError(`${folder}: Expected both halves of a model but ${lacks} is missing`);
  }
  return {
    name,
    source: { name },
    prior,
    decoder,
    ...await companionsOf(decoder),
    defaults: await readDefaults([folder, prior.folder, decoder.folder]),
  };
}
