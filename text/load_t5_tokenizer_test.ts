import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";
import { loadT5Tokenizer } from "./load_t5_tokenizer.ts";

Deno.test("loadT5Tokenizer() reads tokenizer.json and its config", async () => {
  const tokenizer = await loadT5Tokenizer(
    fileURLToPath(new URL("../tests/fixtures/t5/tokenizer", import.meta.url)),
  );
  const { maxLength, eosId, padId, highestId } = tokenizer;
  assert.deepEqual({ maxLength, eosId, padId, highestId }, { maxLength: 24, eosId: 1, padId: 0, highestId: 128 });
});

Deno.test("a folder without tokenizer.json is an error that says how to get one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assert.rejects(loadT5Tokenizer(folder), (error: Error) => {
      assert(error instanceof CheckpointError);
      assert.match(error.message, /tokenizer.json: Expected a T5 tokenizer .*save_pretrained/);
      return true;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
