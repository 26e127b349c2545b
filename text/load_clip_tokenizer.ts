import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { ClipTokenizer } from "./clip_tokenizer.ts";
import type { ClipTokenizerFiles } from "./clip_tokenizer_files.ts";
import { readTokenizerJson, readTokenizerText } from "./read_tokenizer_file.ts";

/**
 * Loads a CLIP tokenizer from a folder in Hugging Face layout: `tokenizer.json`, or `vocab.json` and `merges.txt`,
 * beside `tokenizer_config.json` and `special_tokens_map.json` where they are.
 *
 * @throws CheckpointError naming the file that is missing, too large or not what it should be, and what that is
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const [whole, config, map, learned] = await Promise.all(
    ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"].map((name) =>
      readTokenizerJson(folder, name)
    ),
  );
  const files: ClipTokenizerFiles = {
    "tokenizer.json": whole,
    "tokenizer_config.json": config,
    "special_tokens_map.json": map,
    "added_tokens.json": learned,
  };
  if (whole === undefined) {
    const [vocab, merges] = await Promise.all([
      readTokenizerJson(folder, "vocab.json"),
      readTokenizerText(folder, "merges.txt"),
    ]);
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
