import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { readTokenizerJson } from "./read_tokenizer_file.ts";
import { T5Tokenizer } from "./t5_tokenizer.ts";

const names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"] as const;

/**
 * Loads a T5 tokenizer from a folder in Hugging Face layout: `tokenizer.json`, beside `tokenizer_config.json` and
 * `special_tokens_map.json` where they are.
 *
 * @throws {CheckpointError} naming the file that is missing, too large or not what it should be, and what that is
 */
export async function loadT5Tokenizer(folder: string): Promise<T5Tokenizer> {
  const read = await Promise.all(names.map(async (name) => [name, await readTokenizerJson(folder, name)] as const));
  const files = Object.fromEntries(read);
  if (files["tokenizer.json"] === undefined) {
    throw new CheckpointError(
      `${
        join(folder, "tokenizer.json")
      }: Expected a T5 tokenizer but found no such file; transformers writes it with ` +
        "T5TokenizerFast.save_pretrained()",
    );
  }
  return new T5Tokenizer(files, folder);
}
