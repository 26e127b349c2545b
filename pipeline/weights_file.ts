/**
 * Single files of weights in place of a network of a model: what goes with them, tokenizer and text encoder, comes from the model.
 * @module
 */
import { join, resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import { readJson } from "../weights/read_json.ts";
import { type ConfigOf, inferConfig, kindOf, parseNetworkConfig } from "./infer_network.ts";
import type { ModelFolders } from "./model_folders.ts";

/** Networks that a single file can take the place of. */
export type FileKind = "prior" | "decoder" | "vqgan";

/** A file of weights, and the network that it is. */
export interface WeightsFile {
  readonly path: string;
  readonly kind: FileKind;
}

/** What each option takes. */
const kindsOf: Readonly<Record<"prior" | "decoder", readonly FileKind[]>> = {
  prior: ["prior"],
  decoder: ["decoder", "vqgan"],
};

const stageNames: Readonly<Record<FileKind, string>> = { prior: "Stage C", decoder: "Stage B", vqgan: "Stage A" };

/**
 * Recognises a file that was given in place of a half of a model, by the names of its tensors.
 *
 * @throws {CheckpointError} where it is damaged, of another family, or a network of the other half
 */
export async function findWeightsFile(option: "prior" | "decoder", path: string): Promise<WeightsFile> {
  const kind = kindOf(await openCheckpoint(path, { stem: "model" }), { file: path });
  const found = kindsOf[option].find((one) => one === kind);
  if (found) return { path: resolve(path), kind: found };
  const wanted = kindsOf[option].map((one) => stageNames[one]).join(" or ");
  const hint = kind === "prior" ? "; give it with --prior" : kind in stageNames ? "; give it with --decoder" : "";
  throw new CheckpointError(`${path}: Expected the weights of ${wanted} but found those of a ${kind}${hint}`);
}

/** A model with files in the place of some of its networks. */
export function withWeightsFiles(model: ModelFolders, files: readonly WeightsFile[]): ModelFolders {
  const pathOf = (kind: FileKind) => files.find((file) => file.kind === kind)?.path;
  const [prior, decoder, vqgan] = [pathOf("prior"), pathOf("decoder"), pathOf("vqgan")];
  const half = decoder ?? vqgan;
  return {
    ...model,
    source: {
      ...model.source,
      ...(prior === undefined ? {} : { prior }),
      ...(half === undefined ? {} : { decoder: half }),
    },
    prior: { ...model.prior, ...(prior === undefined ? {} : { file: prior }) },
    decoder: {
      ...model.decoder,
      ...(decoder === undefined ? {} : { file: decoder }),
      ...(vqgan === undefined ? {} : { vqganFile: vqgan }),
    },
  };
}

/** Sizes in which a network meets its neighbours, with what they are for people. */
const interfaces: { readonly [Kind in FileKind]: readonly (readonly [keyof ConfigOf[Kind], string])[] } = {
  prior: [["c_cond", "channels of text"], ["c_in", "channels of the embedding"]],
  decoder: [
    ["clip_embd", "channels of text"],
    ["effnet_embd", "channels of the embedding"],
    ["c_in", "channels of latents"],
  ],
  vqgan: [["latent_channels", "channels of latents"], ["in_channels", "channels of pictures"]],
};

/**
 * Opens a file of weights in place of those in `folder`, whose `config.json` settles what shapes leave open.
 *
 * @throws {CheckpointError} where it is damaged, or does not fit what the other networks of the model give it
 */
export async function openWeightsFile<Kind extends FileKind>(
  kind: Kind,
  path: string,
  { folder }: { folder: string },
): Promise<{ checkpoint: Checkpoint; config: ConfigOf[Kind] }> {
  const checkpoint = await openCheckpoint(path, { stem: "diffusion_pytorch_model" });
  const file = join(folder, "config.json");
  const like = parseNetworkConfig(kind, await readJson(file), { file });
  const config = inferConfig(kind, checkpoint, { file: path, like });
  for (const [key, what] of interfaces[kind]) {
    if (config[key] === like[key]) continue;
    throw new CheckpointError(
      `${path}: Expected ${like[key]} ${what}, as ${folder} has them, but found ${
        config[key]
      }: name the model that it ` +
        "belongs to with --model, from which its text encoder and tokenizer are taken",
    );
  }
  return { checkpoint, config };
}
