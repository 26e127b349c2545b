import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { loadClipTokenizer } from "./load_clip_tokenizer.ts";

const fixtures = new URL("../tests/fixtures/wuerstchen/", import.meta.url);

async function withFolder(files: Record<string, string>, test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, content);
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const parts = {
  "vocab.json": JSON.stringify({ a: 0, "a</w>": 1, "aa</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4 }),
  "merges.txt": "#version: 0.2\r\na a</w>\r\n",
};

async function failure(folder: string): Promise<string> {
  try {
    await loadClipTokenizer(folder);
  } catch (error) {
    assert(error instanceof CheckpointError, String(error));
    assert(!error.message.includes("\n"), "one line");
    return error.message.replaceAll(folder, "FOLDER");
  }
  assert.fail("loaded");
}

Deno.test("loadClipTokenizer() reads tokenizer.json and its config", async () => {
  const tokenizer = await loadClipTokenizer(new URL("repo/wuerstchen-prior/tokenizer", fixtures).pathname);
  assert.deepEqual(
    [tokenizer.maxLength, tokenizer.bosId, tokenizer.eosId, tokenizer.padId],
    [77, 932, 933, 933],
  );
});

Deno.test("loadClipTokenizer() reads vocab.json and merges.txt where there is no tokenizer.json, without any config", async () => {
  await withFolder(parts, async (folder) => {
    const tokenizer = await loadClipTokenizer(`${folder}/`);
    assert.equal(tokenizer.maxLength, 77);
    assert.deepEqual(tokenizer.encode("AA a", { maxLength: 6 }).ids, [3, 2, 1, 4, 4, 4]);
  });
});

Deno.test("loadClipTokenizer() takes legacy special and added tokens from their own files", async () => {
  const files = {
    ...parts,
    "special_tokens_map.json": JSON.stringify({ pad_token: { content: "<|startoftext|>" } }),
    "added_tokens.json": JSON.stringify({ "<late>": 6, "<early>": 5 }),
  };
  await withFolder(files, async (folder) => {
    const tokenizer = await loadClipTokenizer(folder);
    assert.equal(tokenizer.padId, 3);
    assert.deepEqual(tokenizer.encode("<LATE><early>a", { maxLength: 6 }).ids, [3, 6, 5, 1, 4, 3]);
  });
});

Deno.test("a folder without a tokenizer is an error naming the missing file and what is expected", async () => {
  const expected =
    "Expected a CLIP tokenizer, either tokenizer.json or vocab.json and merges.txt, but found no such file";
  await withFolder({}, async (folder) => {
    assert.equal(await failure(folder), `FOLDER/vocab.json: ${expected}`);
    assert.equal(await failure(`${folder}/nowhere`), `FOLDER/vocab.json: ${expected}`);
  });
  await withFolder({ "vocab.json": parts["vocab.json"] }, async (folder) => {
    assert.equal(await failure(folder), `FOLDER/merges.txt: ${expected}`);
  });
});

Deno.test("a file that is cut off or no JSON is an error naming it", async () => {
  for (const name of ["tokenizer.json", "vocab.json", "tokenizer_config.json", "special_tokens_map.json"]) {
    for (const content of ["", '{"a": ', "\0\0\0", "\ufeff{}"]) {
      await withFolder({ ...parts, [name]: content }, async (folder) => {
        assert.match(await failure(folder), new RegExp(`^FOLDER/${name}: Expected JSON but found `));
      });
    }
  }
});

Deno.test("a folder in a file's place is an error naming it", async () => {
  await withFolder(parts, async (folder) => {
    await Deno.mkdir(`${folder}/tokenizer_config.json`);
    assert.equal(await failure(folder), "FOLDER/tokenizer_config.json: Expected a file but found a folder");
  });
});

Deno.test("a file of over 64 MiB is refused before it is read", async () => {
  await withFolder(parts, async (folder) => {
    await Deno.truncate(`${folder}/vocab.json`, 2 ** 40).catch(() => Deno.truncate(`${folder}/vocab.json`, 2 ** 27));
    assert.match(await failure(folder), /^FOLDER\/vocab\.json: Expected at most 67108864 bytes but found \d+$/);
  });
});
