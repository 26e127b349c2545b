/**
 * Finds a network's weights among the files of its folder, by the names that diffusers and transformers give.
 * @module
 */

import { CheckpointError } from "../errors.ts";
import { quote, quoteSome } from "./quote.ts";

/** Which weights to look for. */
export interface WeightsName {
  /** What the files' names begin with. */
  stem: "diffusion_pytorch_model" | "model";
  /** Variant to open, such as `fp16`. Without it the files that name none, or else the only variant there is. */
  variant?: string | undefined;
  /** Takes the files that name no variant where there are none of the one asked for, as diffusers does. */
  orPlain?: boolean | undefined;
}

/** Name of the weights that were found: a single file, of safetensors or of `torch.save`, or the index of several. */
export interface FoundWeights {
  readonly name: string;
  readonly sharded: boolean;
  readonly variant: string | undefined;
}

/**
 * Chooses the weights among the file names of a folder; a single file goes before an index, and safetensors of whatever variant before what
 * `torch.save` wrote.
 *
 * @throws {CheckpointError} where there are none, or several variants and none is asked for
 */
export function findCheckpoint(
  names: ReadonlySet<string>,
  { folder, stem, variant, orPlain = false }: WeightsName & { folder: string },
): FoundWeights {
  const wanted = [...candidates(stem, variant), ...(orPlain ? candidates(stem, undefined) : [])];
  const exact = wanted.find(({ name }) => names.has(name));
  if (exact !== undefined) return exact;
  const variants = variantsOf(names, stem);
  if (variant === undefined && variants.length === 1) {
    return findCheckpoint(names, { folder, stem, variant: variants[0]! });
  }
  const [{ name }] = wanted as [FoundWeights];
  const pickled = [...pickleCandidates(stem, variant), ...(orPlain ? pickleCandidates(stem, undefined) : [])];
  const pickle = variants.length === 0 ? pickled.find(({ name }) => names.has(name)) : undefined;
  if (pickle !== undefined) return pickle;
  if (variants.length > 0) {
    const choice = variant === undefined ? "choose one with --variant" : `there is no variant ${quote(variant)}`;
    throw new CheckpointError(`${folder}: no ${name} but variants ${quoteSome(variants)}; ${choice}`);
  }
  const pickles = [...names].filter((name) => /\.(bin|ckpt|pt|pth)$/.test(name));
  const instead = pickles.length > 0
    ? `, only ${quoteSome(pickles)}; convert it to safetensors first: wuerstchen convert FILE -o FOLDER`
    : "";
  throw new CheckpointError(`${folder}: no ${name} and no ${stem}.safetensors.index.json${instead}`);
}

function candidates(stem: string, variant: string | undefined): FoundWeights[] {
  const single = (name: string) => ({ name, sharded: false, variant });
  const index = (name: string) => ({ name, sharded: true, variant });
  if (variant === undefined) return [single(`${stem}.safetensors`), index(`${stem}.safetensors.index.json`)];
  return [
    single(`${stem}.${variant}.safetensors`),
    index(`${stem}.safetensors.index.${variant}.json`),
    index(`${stem}.${variant}.safetensors.index.json`),
  ];
}

/** What diffusers and transformers call the single files of before safetensors. */
function pickleCandidates(stem: WeightsName["stem"], variant: string | undefined): FoundWeights[] {
  const name = stem === "model" ? "pytorch_model" : stem;
  return [{ name: `${name}${variant === undefined ? "" : `.${variant}`}.bin`, sharded: false, variant }];
}

function variantsOf(names: ReadonlySet<string>, stem: string): string[] {
  const pattern = new RegExp(
    `^${stem}\\.(?:([^.]+)\\.safetensors(?:\\.index\\.json)?|safetensors\\.index\\.([^.]+)\\.json)$`,
  );
  const variants = [...names].flatMap((name) => {
    const match = pattern.exec(name);
    const variant = match?.[1] ?? match?.[2];
    return variant === undefined || /-\d+-of-\d+$/.test(variant) ? [] : [variant];
  });
  return [...new Set(variants)].sort();
}
