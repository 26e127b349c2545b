/**
 * Reads repositories in Hugging Face layout: what diffusers saves of a prior, a decoder, or both.
 * @module
 */
import { basename, join } from "node:path";
import { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { namesIn } from "../files/read_file.ts";
import { statIfThere } from "../files/stat_if_there.ts";
import { parseConfig } from "../networks/config.ts";
import { readJson } from "../weights/read_json.ts";

/** Folders of the half that makes Stage C's embedding, with the settings of its pipeline. */
export interface PriorRepository {
  readonly folder: string;
  readonly prior: string;
  /** A file of Stage C's weights in place of those in its folder. */
  readonly file?: string;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly scheduler: string;
  readonly latentMean: number;
  readonly latentStd: number;
  readonly resolutionMultiple: number;
}

/** Folders of the half that makes the picture, with the settings of its pipeline. */
export interface DecoderRepository {
  readonly folder: string;
  readonly decoder: string;
  /** A file of Stage B's weights in place of those in its folder. */
  readonly file?: string;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly scheduler: string;
  readonly vqgan: string;
  /** A file of Stage A's weights in place of those in its folder. */
  readonly vqganFile?: string;
  readonly latentDimScale: number;
}

/** What a folder holds: one repository, or a parent of several. */
export interface ModelFolder {
  readonly folder: string;
  readonly priors: readonly PriorRepository[];
  readonly decoders: readonly DecoderRepository[];
  /** Why repositories inside of it are none of Würstchen: other models may lie beside. */
  readonly foreign: readonly unknown[];
}

const isFile = async (path: string) => (await statIfThere(path))?.isFile ?? false;

const priorIndex = z.object({
  latent_mean: z.number().default(42),
  latent_std: z.number().default(1),
  resolution_multiple: z.number().positive().default(42.67),
});
const decoderIndex = z.object({ latent_dim_scale: z.number().positive().default(10.67) });

function priorRepository(folder: string, index: unknown, { prefix = "", net = "prior" } = {}): PriorRepository {
  const settings = parseConfig(priorIndex, index, { file: join(folder, "model_index.json") });
  return {
    folder,
    prior: join(folder, net),
    textEncoder: join(folder, `${prefix}text_encoder`),
    tokenizer: join(folder, `${prefix}tokenizer`),
    scheduler: join(folder, `${prefix}scheduler`),
    latentMean: settings.latent_mean,
    latentStd: settings.latent_std,
    resolutionMultiple: settings.resolution_multiple,
  };
}

function decoderRepository(folder: string, index: unknown): DecoderRepository {
  const settings = parseConfig(decoderIndex, index, { file: join(folder, "model_index.json") });
  return {
    folder,
    decoder: join(folder, "decoder"),
    textEncoder: join(folder, "text_encoder"),
    tokenizer: join(folder, "tokenizer"),
    scheduler: join(folder, "scheduler"),
    vqgan: join(folder, "vqgan"),
    latentDimScale: settings.latent_dim_scale,
  };
}

/** Reads one repository, by the `_class_name` of its model_index.json. */
async function readRepository(folder: string): Promise<ModelFolder> {
  const file = join(folder, "model_index.json");
  const index = await readJson(file);
  const name = index["_class_name"];
  const none = { folder, priors: [], decoders: [], foreign: [] };
  switch (name) {
    case "WuerstchenPriorPipeline":
      return { ...none, priors: [priorRepository(folder, index)] };
    case "WuerstchenDecoderPipeline":
      return { ...none, decoders: [decoderRepository(folder, index)] };
    case "WuerstchenCombinedPipeline":
      return {
        ...none,
        priors: [priorRepository(folder, index, { prefix: "prior_", net: "prior_prior" })],
        decoders: [decoderRepository(folder, index)],
      };
    default:
      if (typeof name === "string" && name.startsWith("StableCascade")) {
        throw new CheckpointError(`${file}: this is Stable Cascade (${name}), which is not supported`);
      }
      throw new CheckpointError(
        `${file}: Expected "_class_name" to be WuerstchenPriorPipeline, WuerstchenDecoderPipeline or ` +
          `WuerstchenCombinedPipeline but found ${JSON.stringify(name) ?? "none"}`,
      );
  }
}

/**
 * Reads a folder: one repository, or a parent that holds prior and decoder repositories.
 *
 * @throws {CheckpointError} where there is no repository, or a damaged one
 */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  if (await isFile(join(folder, "model_index.json"))) return await readRepository(folder);
  const children: string[] = [];
  for (const name of await namesIn(folder)) {
    if (await isFile(join(folder, name, "model_index.json"))) children.push(join(folder, name));
  }
  const foreign: unknown[] = [];
  const read: ModelFolder[] = [];
  for (const child of children.sort()) {
    try {
      read.push(await readRepository(child));
    } catch (error) {
      foreign.push(error);
    }
  }
  if (children.length === 0) {
    throw new CheckpointError(
      `${folder}: Expected a model but found no model_index.json, neither there nor in a folder inside it`,
    );
  }
  return {
    folder,
    priors: read.flatMap(({ priors }) => priors),
    decoders: read.flatMap(({ decoders }) => decoders),
    foreign,
  };
}

/**
 * The only repository of a kind in a folder.
 *
 * @returns `undefined` where there is none
 * @throws {CheckpointError} where there are several, naming them and the flag that chooses; where there is none but one that
 * cannot be read, why
 */
export function onlyRepository<Kind extends "prior" | "decoder">(
  { folder, priors, decoders, foreign }: ModelFolder,
  kind: Kind,
): { prior: PriorRepository; decoder: DecoderRepository }[Kind] | undefined {
  const found: readonly (PriorRepository | DecoderRepository)[] = kind === "prior" ? priors : decoders;
  const [first, ...more] = found;
  if (more.length > 0) {
    const names = found.map((repository) => basename(repository.folder));
    throw new CheckpointError(
      `${folder}: Expected one ${kind} repository but found ${names.join(" and ")}: choose one, such as ` +
        `--${kind} ${first!.folder}`,
    );
  }
  if (!first && foreign.length > 0) throw foreign[0];
  return first as { prior: PriorRepository; decoder: DecoderRepository }[Kind] | undefined;
}
