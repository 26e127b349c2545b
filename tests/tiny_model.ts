/** The random tiny model of the fixtures, for tests that need a whole model but no meaning. */
import { copy } from "./copy_folder.ts";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { GenerateOptions } from "../mod.ts";

/** Folder of the tiny model: a parent of a prior and a decoder repository. */
export const tinyModel: string = fileURLToPath(new URL("./fixtures/wuerstchen/repo", import.meta.url));

/** Settings that make a picture of the tiny model in a fraction of a second. */
export const quick: Omit<GenerateOptions, "prompt"> = {
  width: 128,
  height: 128,
  priorSteps: 3,
  priorGuidance: 4,
  decoderSteps: 2,
  decoderGuidance: 0,
};

/** Copies the tiny model's two repositories to `folder/prior` and `folder/decoder`, to be damaged. */
export async function copyTinyModel(folder: string): Promise<{ prior: string; decoder: string }> {
  const [prior, decoder] = [join(folder, "prior"), join(folder, "decoder")];
  await copy(join(tinyModel, "wuerstchen-prior"), prior);
  await copy(join(tinyModel, "wuerstchen"), decoder);
  return { prior, decoder };
}
