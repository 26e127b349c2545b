/**
 * Flags that the benchmarks share.
 * @module
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParseArgsOptionsConfig } from "node:util";
import { ConfigError } from "../errors.ts";
import { type RewriteName, rewriteNames } from "../stages/rewrites.ts";
import { type Precision, precisions } from "../weights/precision.ts";

/** Flags for `node:util`'s `parseArgs`. */
export const benchFlags = {
  only: { type: "string" },
  steps: { type: "string" },
  threads: { type: "string" },
  prepack: { type: "string" },
  precision: { type: "string" },
  "weights-folder": { type: "string" },
  keep: { type: "boolean" },
  json: { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

/** How `session.disable_prepacking` is set, as words of `--prepack`. */
const prepackings: Readonly<Record<string, readonly (boolean | undefined)[]>> = {
  auto: [undefined],
  off: [false],
  on: [true],
  both: [false, true],
};

/** What the shared flags say. */
export interface BenchOptions {
  /** Names of the cases to run; all where undefined. */
  readonly only: readonly string[] | undefined;
  /** Timed runs of a case; undefined leaves it to the case. */
  readonly steps: number | undefined;
  readonly threads: number;
  /** Each case runs once for each of these; undefined leaves it to the network. */
  readonly prepack: readonly (boolean | undefined)[];
  /** Each case runs once for each of these too. */
  readonly precision: readonly Precision[];
  /** Where random weights are written. */
  readonly weightsFolder: string;
  /** Leaves those weights there. */
  readonly keep: boolean;
  /** File for all numbers. */
  readonly json: string | undefined;
}

/** Reads what `parseArgs` found for {@linkcode benchFlags}. */
export function readBenchOptions(
  values: Readonly<
    { [flag in Exclude<keyof typeof benchFlags, "keep">]?: string | undefined } & { keep?: boolean | undefined }
  >,
): BenchOptions {
  const prepack = prepackings[values.prepack ?? "auto"];
  if (!prepack) throw new ConfigError(`Expected --prepack to be auto, on, off or both but found ${values.prepack}`);
  return {
    only: values.only?.split(","),
    steps: values.steps === undefined ? undefined : count("--steps", values.steps),
    threads: count("--threads", values.threads ?? "2"),
    prepack,
    precision: readPrecisions(values.precision ?? "fp32"),
    weightsFolder: values["weights-folder"] ?? join(tmpdir(), "wuerstchen-bench"),
    keep: values.keep ?? false,
    json: values.json,
  };
}

function readPrecisions(text: string): Precision[] {
  return text.split(",").map((word) => {
    const found = precisions.find((name) => name === word);
    if (found) return found;
    throw new ConfigError(`Expected --precision to name some of ${precisions.join(", ")} but found ${word}`);
  });
}

/**
 * Reads `--without`: names of rewrites, or `all`.
 *
 * @throws {ConfigError} where a word is no rewrite's name
 */
export function readRewrites(text: string | undefined): readonly RewriteName[] {
  if (text === undefined) return [];
  if (text === "all") return rewriteNames;
  return text.split(",").map((word) => {
    const name = rewriteNames.find((name) => name === word);
    if (name) return name;
    throw new ConfigError(
      `Expected --without to be all or some of ${rewriteNames.join(", ")} but found ${word}`,
    );
  });
}

function count(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new ConfigError(`Expected ${flag} to be an integer greater than 0 but found ${text}`);
}

/** Those of `items` that `--only` names, in their own order. */
export function chooseNamed<Item extends { readonly name: string }>(
  items: readonly Item[],
  { only }: Pick<BenchOptions, "only">,
): Item[] {
  const names = items.map(({ name }) => name);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ConfigError(`Expected --only to name some of ${names.join(", ")} but found ${unknown}`);
  }
  return items.filter(({ name }) => only?.includes(name) ?? true);
}
