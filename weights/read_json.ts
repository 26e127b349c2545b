/**
 * Reads the JSON files of a model folder: `config.json`, `model_index.json`, shard indexes.
 * @module
 */

import { CheckpointError } from "../errors.ts";
import { openFixedFile } from "./fixed_file.ts";
import { isObject, type JsonObject, parseStrictJson } from "./strict_json.ts";

/** Options of {@linkcode readJson}. */
export interface ReadJsonOptions {
  /** Size in bytes beyond which a file is refused unread; 16 MiB unless told. */
  maxBytes?: number;
}

/**
 * Reads a JSON file that holds one object, with the strict parser.
 *
 * @returns the object, which inherits nothing
 * @throws {CheckpointError} where the file is missing, too large, no JSON or no object, naming file and place
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where it may not be read
 */
export async function readJson(path: string, { maxBytes = 2 ** 24 }: ReadJsonOptions = {}): Promise<JsonObject> {
  const { size, read } = await openFixedFile(path, "a JSON file");
  if (size > maxBytes) {
    throw new CheckpointError(`${path}: expected at most ${maxBytes} bytes of JSON but found ${size}`);
  }
  try {
    const value = parseStrictJson(await read(0, size));
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new CheckpointError(`${path}: not valid JSON: ${cause.message}`, { cause });
  }
  throw new CheckpointError(`${path}: expected a JSON object at the top`);
}
