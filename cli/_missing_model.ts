/**
 * Lets `generate` work in a copy of this program without its bundled model.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundledFolder } from "../pipeline/model.ts";

/** Name of the model that paints where no other is asked for. */
const bundled = "emoji";

/** A tiny model of random weights, which the tests run on. */
const randomModel = fileURLToPath(new URL("../tests/fixtures/wuerstchen/repo", import.meta.url));

const isFolder = async (path: string) => (await Deno.stat(path).catch(() => undefined))?.isDirectory ?? false;

/** What stands in for a model, and a sentence that says so plainly. */
export interface StandIn {
  readonly model: string;
  readonly notice: string;
  /** Size in pixels that the bundled model would have painted; the random one has no size of its own. */
  readonly size: { readonly width: number; readonly height: number };
}

/**
 * Finds a stand-in for the bundled model.
 *
 * @param model what was asked for; the bundled model where left out
 * @returns `undefined` where another model is asked for, this one is there, or there is nothing to stand in
 */
export async function standInFor(
  model: string | undefined,
  { modelsFolder = bundledFolder() }: { modelsFolder?: string | undefined } = {},
): Promise<StandIn | undefined> {
  if (model !== undefined && model !== bundled) return undefined;
  const folder = join(modelsFolder, bundled);
  if (await isFolder(bundled) || await isFolder(folder) || !await isFolder(randomModel)) return undefined;
  return {
    model: randomModel,
    notice:
      `the bundled model is missing (${folder}): this paints with the random weights of the tests, so expect noise; ` +
      "get that folder, or name a model with --model",
    size: { width: 128, height: 128 },
  };
}
