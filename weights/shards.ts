/**
 * Opens a checkpoint that is split over several safetensors files.
 * @module
 */

import { dirname, join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { quote, quoteSome } from "./quote.ts";
import { readJson } from "./read_json.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { isObject, type JsonObject } from "./strict_json.ts";

/** More than any checkpoint has; an index that lists more is hostile. */
const maxShards = 10_000;

/**
 * Reads a shard index: `{"weight_map": {key: file name}}`.
 *
 * @returns names of the shards, sorted, and the shard of each tensor
 * @throws {CheckpointError} where a shard's name leads out of the folder, or there are more than 10,000
 */
export async function readShardIndex(
  indexPath: string,
): Promise<{ names: readonly string[]; shardOf: ReadonlyMap<string, string> }> {
  const shardOf = readWeightMap(await readJson(indexPath), indexPath);
  const names = [...new Set(shardOf.values())].sort();
  if (names.length === 0 || names.length > maxShards) {
    throw new CheckpointError(`${indexPath}: expected 1 to ${maxShards} shards but found ${names.length}`);
  }
  for (const name of names) {
    if (!isPlainName(name)) {
      throw new CheckpointError(`${indexPath}: expected names of safetensors files beside it but found ${quote(name)}`);
    }
  }
  return { names, shardOf };
}

/**
 * Opens the shards that an index lists, all beside it, sorted by name.
 *
 * @throws {CheckpointError} where the index is refused, a shard is missing or damaged, or index and shards do not hold the same
 * tensors, naming up to five
 */
export async function openShards(indexPath: string): Promise<SafetensorsFile[]> {
  const { names, shardOf } = await readShardIndex(indexPath);
  const shards: SafetensorsFile[] = [];
  for (const name of names) {
    const shard = await openSafetensors(join(dirname(indexPath), name));
    const extra = [...shard.tensors.keys()].filter((key) => shardOf.get(key) !== name);
    if (extra.length > 0) throw contradiction(indexPath, `does not list for shard ${quote(name)}`, extra);
    shards.push(shard);
  }
  const held = new Set(shards.flatMap(({ tensors }) => [...tensors.keys()]));
  const missing = [...shardOf.keys()].filter((key) => !held.has(key));
  if (missing.length > 0) throw contradiction(indexPath, "lists but no shard holds", missing);
  return shards;
}

function readWeightMap(index: JsonObject, indexPath: string): Map<string, string> {
  const map = index.weight_map;
  if (!isObject(map)) throw new CheckpointError(`${indexPath}: expected "weight_map" to be an object`);
  const shardOf = new Map<string, string>();
  for (const key in map) {
    const name = map[key];
    if (typeof name !== "string") {
      throw new CheckpointError(`${indexPath}: expected the name of a file for tensor ${quote(key)}`);
    }
    shardOf.set(key, name);
  }
  return shardOf;
}

/** A name that means a file of this very folder on every system: no separator, drive, stream or NUL. */
function isPlainName(name: string): boolean {
  return /^[^/\\:\0]+\.safetensors$/.test(name) && new TextEncoder().encode(name).length <= 255;
}

function contradiction(indexPath: string, what: string, keys: string[]): CheckpointError {
  const count = keys.length === 1 ? "a tensor" : `${keys.length} tensors`;
  return new CheckpointError(`${indexPath}: ${what} ${count}: ${quoteSome(keys)}; get index and shards again`);
}
