/**
 * The names of the original checkpoints (dome272/Wuerstchen, `modules.py` and `vqgan.py`) and those of diffusers for the same
 * tensors.
 *
 * torch's `MultiheadAttention` keeps queries, keys and values in one matrix of three times the rows, which are three ranges of the
 * file; diffusers has a layer for each.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { formatShape } from "../onnx/mod.ts";
import { quote } from "./quote.ts";
import { rowsOf, type StoredTensor } from "./stored_tensor.ts";

/** Names that differ by their end alone: original, diffusers. */
const renamed: readonly (readonly [string, string])[] = [
  ["attention.attn.out_proj.weight", "attention.to_out.0.weight"],
  ["attention.attn.out_proj.bias", "attention.to_out.0.bias"],
  ["vquantizer.codebook.weight", "vquantizer.embedding.weight"],
];

/** Names of the fused matrices, and of the three that diffusers makes of each. */
const fused: readonly (readonly [string, readonly [string, string, string]])[] = (["weight", "bias"] as const).map((
  end,
) => [`attention.attn.in_proj_${end}`, [`attention.to_q.${end}`, `attention.to_k.${end}`, `attention.to_v.${end}`]]);

/** Whether `key` ends in `end`, a whole part of its path. */
const endsIn = (key: string, end: string) => key === end || key.endsWith(`.${end}`);

/** Whether any of the names is one that only the original checkpoints have. */
export function hasOriginalKeys(keys: Iterable<string>): boolean {
  const ends = [...renamed.map(([end]) => end), ...fused.map(([end]) => end)];
  return [...keys].some((key) => ends.some((end) => endsIn(key, end)));
}

/**
 * Gives tensors the names of diffusers. Nothing is read: a fused matrix becomes three ranges of its file.
 *
 * @throws {CheckpointError} where a fused matrix has no three equal parts, or both names of one tensor are there
 */
export function toDiffusersKeys(
  tensors: ReadonlyMap<string, StoredTensor>,
  { file }: { file: string },
): Map<string, StoredTensor> {
  const named = new Map<string, StoredTensor>();
  const add = (key: string, stored: StoredTensor) => {
    if (named.has(key)) throw new CheckpointError(`${file}: there are two tensors for ${quote(key)}`);
    named.set(key, stored);
  };
  for (const [key, stored] of tensors) {
    const parts = fused.find(([end]) => endsIn(key, end));
    if (!parts) {
      const [from, to] = renamed.find(([end]) => endsIn(key, end)) ?? ["", ""];
      add(key.slice(0, key.length - from.length) + to, stored);
      continue;
    }
    const [end, names] = parts;
    const rows = stored.shape[0] ?? 0;
    if (rows === 0 || rows % 3 !== 0) {
      throw new CheckpointError(
        `${file}: expected three equal parts in ${quote(key)} but found ${formatShape(stored.shape)}`,
      );
    }
    const third = rows / 3;
    names.forEach((name, i) => {
      add(key.slice(0, key.length - end.length) + name, rowsOf(stored, { from: i * third, to: (i + 1) * third }));
    });
  }
  return named;
}

/** An original tensor: the diffusers names of what it consists of, one below the other. */
export interface OriginalTensor {
  readonly key: string;
  readonly parts: readonly string[];
}

/**
 * The original names of a network's tensors.
 *
 * @throws {CheckpointError} where queries are without keys or values
 */
export function toOriginalKeys(keys: Iterable<string>, { file }: { file: string }): OriginalTensor[] {
  const all = new Set(keys);
  const originals: OriginalTensor[] = [];
  for (const key of all) {
    const [to = "", from = ""] = renamed.find(([, end]) => endsIn(key, end)) ?? [];
    const parts = fused.find(([, names]) => names.some((name) => endsIn(key, name)));
    if (!parts) {
      originals.push({ key: key.slice(0, key.length - from.length) + to, parts: [key] });
      continue;
    }
    const [end, names] = parts;
    const own = names.find((name) => endsIn(key, name))!;
    const before = key.slice(0, key.length - own.length);
    const missing = names.map((name) => before + name).find((name) => !all.has(name));
    if (missing !== undefined) throw new CheckpointError(`${file}: there is ${quote(key)} but no ${quote(missing)}`);
    if (own === names[0]) originals.push({ key: before + end, parts: names.map((name) => before + name) });
  }
  return originals;
}
