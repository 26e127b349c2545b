import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { ClipTokenizer } from "./clip_tokenizer.ts";
import type { ClipTokenizerFiles } from "./clip_tokenizer_files.ts";

/** Bytes of the largest file that is read; the published tokenizers have 2 MB. */
const largestFile = 64 * 2 ** 20;

/**
 * Loads a CLIP tokenizer from a folder in Hugging Face layout: `tokenizer.json`, or `vocab.json` and `merges.txt`,
 * beside `tokenizer_config.json` and `special_tokens_map.json` where they are.
 *
 * @throws CheckpointError naming the file that is missing, too large or not what it should be, and what that is
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const [whole, config, map, learned] = await Promise.all(
    ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"].map((name) =>
      readJson(folder, name)
    ),
  );
  const files: ClipTokenizerFiles = {
    "tokenizer.json": whole,
    "tokenizer_config.json": config,
    "special_tokens_map.json": map,
    "added_tokens.json": learned,
  };
  if (whole === undefined) {
    const [vocab, merges] = await Promise.all([readJson(folder, "vocab.json"), readText(folder, "merges.txt")]);
    for (const [name, content] of [["vocab.json", vocab], ["merges.txt", merges]] as const) {
      if (content !== undefined) continue;
      throw new CheckpointError(
        `${
          join(folder, name)
        }: Expected a CLIP tokenizer, either tokenizer.json or vocab.json and merges.txt, but found no such file`,
      );
    }
    files["vocab.json"] = vocab;
    files["merges.txt"] = merges!;
  }
  return new ClipTokenizer(files, folder);
}

async function readJson(folder: string, name: string): Promise<unknown> {
  const text = await readText(folder, name);
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

/** Returns what a file holds, `undefined` where there is none. */
async function readText(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    const { size } = await stat(path);
    if (size > largestFile) {
      throw new CheckpointError(`${path}: Expected at most ${largestFile} bytes but found ${size}`);
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "EISDIR") throw new CheckpointError(`${path}: Expected a file but found a folder`, { cause });
    throw cause;
  }
}
