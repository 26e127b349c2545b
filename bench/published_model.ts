/**
 * A whole model of random weights in the layout of the published repositories, for whoever opens models by their folders.
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { PublishedNetwork, RandomCheckpoint } from "./cases.ts";

/** CLIP's own tokenizer, whose ids are those of the published text encoders. */
const tokenizer = fileURLToPath(new URL("../tests/fixtures/wuerstchen/tokenizer/clip", import.meta.url));

const version = { _diffusers_version: "0.39.0" };
const text = { text_encoder: ["transformers", "CLIPTextModel"], tokenizer: ["transformers", "CLIPTokenizerFast"] };
const scheduler = { scheduler: ["diffusers", "DDPMWuerstchenScheduler"] };

/** `model_index.json` of each repository, and which networks its folders hold. */
const repositories: Readonly<Record<string, { index: unknown; networks: Readonly<Record<string, PublishedNetwork>> }>> =
  {
    prior: {
      index: {
        _class_name: "WuerstchenPriorPipeline",
        ...version,
        latent_mean: 42,
        latent_std: 1,
        resolution_multiple: 42.67,
        prior: ["wuerstchen", "WuerstchenPrior"],
        ...scheduler,
        ...text,
      },
      networks: { prior: "prior", text_encoder: "prior-text" },
    },
    decoder: {
      index: {
        _class_name: "WuerstchenDecoderPipeline",
        ...version,
        latent_dim_scale: 10.67,
        decoder: ["wuerstchen", "WuerstchenDiffNeXt"],
        vqgan: ["wuerstchen", "PaellaVQModel"],
        ...scheduler,
        ...text,
      },
      networks: { decoder: "decoder", text_encoder: "decoder-text", vqgan: "vqgan" },
    },
  };

/** Writes `folder/prior` and `folder/decoder`, whose networks are links to the checkpoints; what is there is replaced. */
export async function writePublishedModel(
  folder: string,
  checkpoints: Readonly<Record<PublishedNetwork, Pick<RandomCheckpoint, "folder">>>,
): Promise<void> {
  for (const [name, { index, networks }] of Object.entries(repositories)) {
    const repository = join(folder, name);
    await Deno.remove(repository, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await Deno.mkdir(join(repository, "scheduler"), { recursive: true });
    await writeJson(join(repository, "model_index.json"), index);
    await writeJson(join(repository, "scheduler", "scheduler_config.json"), {
      _class_name: "DDPMWuerstchenScheduler",
      s: 0.008,
      scaler: 1,
    });
    await Deno.symlink(tokenizer, join(repository, "tokenizer"), { type: "dir" });
    for (const [part, network] of Object.entries(networks)) {
      await Deno.symlink(resolve(checkpoints[network].folder), join(repository, part), { type: "dir" });
    }
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
