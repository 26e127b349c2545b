/**
 * What a model in the cache lacks to be run without a network.
 * @module
 */
import { join, relative } from "node:path";
import { CheckpointError } from "../errors.ts";
import { openLocal } from "../hub/repository.ts";
import { fetchRepository } from "./fetch_model.ts";
import { type ModelFolder, readModelFolder } from "./repositories.ts";

/**
 * What a repository in a folder lacks.
 *
 * @returns a line for each file, or set of files that one of would do; nothing where it is whole, or is no model of this family
 */
export async function lackingFiles(folder: string, { id }: { id: string }): Promise<string[]> {
  const model = await readModelFolder(folder).catch((error) => {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  });
  if (!model || model.priors.length + model.decoders.length === 0) return [];
  const repository = await openLocal(folder, { id });
  const lines = requiredFiles(model).filter((choices) =>
    !choices.some((files) => files.every((path) => repository.paths.has(path)))
  ).map((choices) => join(folder, choices[0]![0]!));
  try {
    const { needed } = await fetchRepository(repository, { id, revision: "main" }, { weights: false });
    const gone = needed.filter((path) => !repository.paths.has(path)).map((path) => join(folder, path));
    return [...new Set([...lines, ...gone])];
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    return [...lines, error.message];
  }
}

/** Files that every model needs besides weights: of each entry one of the choices. */
function requiredFiles({ folder: root, priors, decoders }: ModelFolder): (readonly string[])[][] {
  const file = (folder: string, name: string) => relative(root, join(folder, name)).replaceAll("\\", "/");
  const networks = [...priors.map(({ prior }) => prior), ...decoders.flatMap(({ decoder, vqgan }) => [decoder, vqgan])];
  const halves = [...priors, ...decoders];
  return [
    ...[...networks, ...halves.map(({ textEncoder }) => textEncoder)].map((folder) => [[file(folder, "config.json")]]),
    ...halves.map(({ scheduler }) => [[file(scheduler, "scheduler_config.json")]]),
    ...halves.map(({ tokenizer }) => [
      [file(tokenizer, "tokenizer.json")],
      [file(tokenizer, "vocab.json"), file(tokenizer, "merges.txt")],
    ]),
  ];
}
