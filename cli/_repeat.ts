/**
 * Compares a picture that is to be repeated with what repeats it.
 * @module
 */
import type { PictureMetadata } from "../pipeline/metadata.ts";
import type { ModelIdentity } from "../pipeline/types.ts";
import { version } from "../version.ts";

/** Why the same pixels cannot be promised, a sentence each; none where they can. */
export function repeatWarnings(
  picture: PictureMetadata,
  { model, threads }: { model: ModelIdentity; threads: number },
): string[] {
  const warnings: string[] = [];
  const names = new Set([...Object.keys(picture.model.weights), ...Object.keys(model.weights)]);
  const changed = [...names].filter((name) => picture.model.weights[name] !== model.weights[name]);
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
