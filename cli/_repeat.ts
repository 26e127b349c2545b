/**
 * Compares a picture or a half-finished run with what repeats or continues it.
 * @module
 */
import type { PictureMetadata } from "../pipeline/metadata.ts";
import type { HandOver, ModelIdentity } from "../pipeline/types.ts";
import { version } from "../version.ts";

/** Networks whose weights two models do not share. */
function changedWeights(before: ModelIdentity, now: ModelIdentity): string[] {
  const names = new Set([...Object.keys(before.weights), ...Object.keys(now.weights)]);
  return [...names].filter((name) => before.weights[name] !== now.weights[name]);
}

/** Why the picture of one whole run cannot be promised, a sentence each; none where it can. */
export function continueWarnings({ model: before }: Pick<HandOver, "model">, now: ModelIdentity): string[] {
  // What lies behind is in the file, whoever computed it.
  const changed = changedWeights(before, now).filter((name) => !name.startsWith("prior"));
  if (changed.length === 0) return [];
  return [`the first half was made for other weights (${changed.join(", ")}): the picture will look different`];
}

/** Why the same pixels cannot be promised, a sentence each; none where they can. */
export function repeatWarnings(
  picture: PictureMetadata,
  { model, threads }: { model: ModelIdentity; threads: number },
): string[] {
  const warnings: string[] = [];
  const changed = changedWeights(picture.model, model);
  if (changed.length > 0) {
    warnings.push(`the weights are not those that painted the picture (${changed.join(", ")}): it will look different`);
  }
  if (picture.version !== version) {
    warnings.push(`the picture was painted by version ${picture.version}, this is ${version}: pixels may differ`);
  }
  if (picture.threads !== threads) {
    warnings.push(`the picture was painted with ${picture.threads} threads, now it is ${threads}: pixels may differ`);
  }
  if (picture.inputs !== undefined && Object.keys(picture.inputs).length > 0) {
    const inputs = Object.keys(picture.inputs).join(", ");
    warnings.push(`the picture was painted from files that it does not hold (${inputs}): give them again`);
  }
  return warnings;
}
