/**
 * Plans which cached weights in fewer bits are removed.
 * @module
 */
import { ConfigError } from "../errors.ts";
import type { Removal } from "../hub/cache_removal.ts";
import type { QuantizedWeightsFile } from "../weights/quantized_files.ts";

/** What such weights are called on the command line: alone all of them, or with `:` and first digits of one. */
const kind = "quantized";

/** Milliseconds after which weights that nobody used are given up. They can be made again. */
const longAge = 30 * 24 * 3600 * 1000;

/** Milliseconds after which nobody is writing a partial file any more. */
const partialAge = 24 * 3600 * 1000;

/** What such weights are called. */
export function quantizedName({ name }: QuantizedWeightsFile): string {
  return `${kind}:${name}`;
}

/** Whether a name that is to be removed means such weights. */
export function isQuantizedName(name: string): boolean {
  return name === kind || name.startsWith(`${kind}:`);
}

/**
 * Plans to remove weights by their names.
 *
 * @throws {ConfigError} where a name means none, or several
 */
export function planQuantizedRemoval(files: readonly QuantizedWeightsFile[], names: readonly string[]): Removal[] {
  const chosen = names.flatMap((name) => {
    if (name === kind) return files;
    const matches = files.filter((file) => quantizedName(file).startsWith(name));
    if (matches.length === 1) return matches;
    throw new ConfigError(
      `${name}: Expected the name of one of ${files.length} cached weights in fewer bits but found ${matches.length}: ` +
        `wuerstchen cache ls lists them, ${kind} means all`,
    );
  });
  return [...new Set(chosen)].map(removalOf);
}

/** Plans to remove weights whose model is gone, those that were not used for 30 days, and half written ones. */
export function planQuantizedPruning(
  files: readonly QuantizedWeightsFile[],
  { now = Date.now() }: { now?: number } = {},
): Removal[] {
  return files.filter(({ used, isOrphan, isPartial }) =>
    isOrphan || now - used.getTime() > (isPartial ? partialAge : longAge)
  ).map(removalOf);
}

function removalOf(file: QuantizedWeightsFile): Removal {
  return { what: quantizedName(file), paths: file.paths, bytes: file.bytes };
}
