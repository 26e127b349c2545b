/**
 * Reads the files of a tokenizer folder.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { factsOf, readWholeFile } from "../files/read_file.ts";

/** Bytes of the largest file that is read; the published tokenizers have 2 MB. */
const largestFile = 64 * 2 ** 20;

/**
 * Parses a JSON file of a tokenizer folder.
 *
 * @returns what it holds, `undefined` where there is none
 * @throws {CheckpointError} where it is too large or no JSON
 */
export async function readTokenizerJson(folder: string, name: string): Promise<unknown> {
  const text = await readTokenizerText(folder, name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as SyntaxError;
    throw new CheckpointError(`${join(folder, name)}: Expected JSON but found ${message}; copy the file anew`, {
      cause,
    });
  }
}

/**
 * Reads a file of a tokenizer folder.
 *
 * @returns what it holds, `undefined` where there is none
 * @throws {CheckpointError} where it is too large or a folder
 */
export async function readTokenizerText(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  const facts = await factsOf(path);
  if (facts === undefined) return undefined;
  if (facts.isDirectory) throw new CheckpointError(`${path}: Expected a file but found a folder`);
  if (facts.size > largestFile) {
    throw new CheckpointError(`${path}: Expected at most ${largestFile} bytes but found ${facts.size}`);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await readWholeFile(path));
}
