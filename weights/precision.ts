/**
 * In how many bits weights are kept.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { StoredTensors } from "./bind.ts";
import { quote } from "./quote.ts";

/**
 * - `fp32`: as they are stored, 16-bit floats widened once.
 * - `fp16`: 16-bit floats, widened at every run: half the memory, the same arithmetic.
 * - `int8`: linear layers in 8 bits with a scale a channel, what goes into them in 8 bits too: fast, a quarter of the memory.
 * - `int4`: linear layers in 4 bits with a scale for every 32 numbers: an eighth of the memory.
 */
export const precisions = ["fp32", "fp16", "int8", "int4"] as const;

/** See {@linkcode precisions}. */
export type Precision = typeof precisions[number];

/** Metadata of a file's header that says what its weights are kept in. */
export const precisionKey = "precision";

/**
 * What a checkpoint was written in by `wuerstchen quantize`; nothing where it was not.
 *
 * @throws {CheckpointError} where that is none that is known
 */
export function precisionOf({ metadata, folder }: Pick<Checkpoint, "metadata" | "folder">): Precision | undefined {
  const written = metadata[precisionKey];
  if (written === undefined) return undefined;
  const found = precisions.find((precision) => precision === written);
  if (found) return found;
  throw new CheckpointError(
    `${folder}: its weights are kept as ${quote(written)}: Expected ${
      precisions.join(", ")
    }; a newer version may know it`,
  );
}

const derived = /^(.+)\.(int8|int4|scale|bias)$/;

/** Names of the layers whose weights are in 8 or 4 bits, by the keys of all tensors. */
export function quantizedNames(keys: Iterable<string>): Set<string> {
  return new Set([...keys].flatMap((key) => /^(.+)\.int[84]$/.exec(key)?.[1] ?? []));
}

/** A checkpoint's tensors as a network declares them: a weight in few bits stands for the one that it was made from. */
export function asDeclared(tensors: StoredTensors, declared: ReadonlyMap<string, readonly number[]>): StoredTensors {
  const names = quantizedNames(tensors.keys());
  const plain = [...tensors].filter(([key]) => !names.has(derived.exec(key)?.[1] ?? ""));
  const [first] = tensors.values();
  const whole = [...names].filter((name) => declared.has(name)).map((name) =>
    [name, { ...first!, dtype: "float32" as const, shape: declared.get(name)! }] as const
  );
  return new Map([...plain, ...whole]);
}
