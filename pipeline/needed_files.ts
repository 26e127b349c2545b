/**
 * Which files of a repository a model needs: its configurations, its tokenizers, and of each network's weights one choice.
 * @module
 */
import { dirname, join, relative } from "node:path";
import { CheckpointError } from "../errors.ts";
import { findCheckpoint, type FoundWeights, type WeightsName } from "../weights/find_checkpoint.ts";
import { quote } from "../weights/quote.ts";
import type { ModelFolder } from "./repositories.ts";

/** Folders of the networks of a model with what their weights are called, and the folders that are taken as a whole. */
interface Parts {
  readonly networks: readonly { readonly folder: string; readonly stem: WeightsName["stem"] }[];
  readonly others: readonly string[];
}

/** Files that tell which kind of model a repository holds, and under which licence. */
export function headFiles(paths: ReadonlySet<string>): string[] {
  return [...paths].filter((path) =>
    /^(?:[^/]+\/)?(?:model_index\.json|wuerstchen\.json|README\.md)$/.test(path) || /^LICEN[SC]E[^/]*$/i.test(path)
  );
}

function partsOf({ folder: root, priors, decoders }: ModelFolder, paths: ReadonlySet<string>): Parts {
  const inner = (path: string) => relative(root, path).replaceAll("\\", "/");
  const places = decoders.flatMap(({ folder }) => [folder, dirname(folder)])
    .filter((folder) => folder === root || !relative(root, folder).startsWith(".."));
  const companions = ["compressor", "preview"].flatMap((name) => {
    return places.map((folder) => inner(join(folder, name))).filter((folder) => paths.has(`${folder}/config.json`))
      .slice(0, 1);
  });
  const diffusion = [
    ...priors.map(({ prior }) => inner(prior)),
    ...decoders.flatMap(({ decoder, vqgan }) => [inner(decoder), inner(vqgan)]),
    ...companions,
  ];
  const halves = [...priors, ...decoders];
  return {
    networks: [
      ...diffusion.map((folder) => ({ folder, stem: "diffusion_pytorch_model" as const })),
      ...halves.map(({ textEncoder }) => ({ folder: inner(textEncoder), stem: "model" as const })),
    ],
    others: halves.flatMap(({ tokenizer, scheduler }) => [inner(tokenizer), inner(scheduler)]),
  };
}

/** What a model needs of its repository. */
export interface NeededFiles {
  /** Configurations, tokenizers, indexes of shards: small ones. */
  readonly configs: readonly string[];
  /** Weights of each network: a file, or the index of several. */
  readonly weights: readonly (FoundWeights & { readonly folder: string })[];
}

/**
 * Chooses the files that a model needs.
 *
 * @param model read from the head files, which are there already
 * @param options.variant weights to take where a network has them; the other networks take their plain files
 * @throws {CheckpointError} where a network has no weights that can be read, or none has the variant
 */
export function neededFiles(
  model: ModelFolder,
  paths: ReadonlySet<string>,
  { id, variant }: { id: string; variant?: string | undefined },
): NeededFiles {
  const { networks, others } = partsOf(model, paths);
  const namesIn = (folder: string) =>
    [...paths].filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1));
  const weights = networks.map(({ folder, stem }) => ({
    folder,
    ...findCheckpoint(new Set(namesIn(folder)), { folder: `${id}/${folder}`, stem, variant, orPlain: true }),
  }));
  if (variant !== undefined && weights.every((found) => found.variant !== variant)) {
    throw new CheckpointError(
      `${id}: Expected weights of the variant ${
        quote(variant)
      } but found none: leave --variant out, or name one that is there`,
    );
  }
  const small = others.flatMap((folder) => namesIn(folder).map((name) => `${folder}/${name}`))
    .filter((path) => /\.(json|txt)$/.test(path));
  const indexes = weights.filter(({ sharded }) => sharded).map(({ folder, name }) => `${folder}/${name}`);
  // A configuration that is missing is an error of the reader, which names it.
  const configs = networks.map(({ folder }) => `${folder}/config.json`).filter((path) => paths.has(path));
  return { configs: [...new Set([...configs, ...small, ...indexes])], weights };
}
