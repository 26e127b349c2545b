import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { trainVocabulary } from "./vocabulary.ts";
import { writeTokenizer } from "./write_tokenizer.ts";

const captions = [
  "red apple, flat, on a teal background",
  "green apple",
  "red fox's den 7",
  "Äpfel & Öl",
  'flat "7" 77 \\ background',
];
const vocabulary = await trainVocabulary(captions, { size: 560, leastCount: 1 });

Deno.test("writeTokenizer() writes the bytes that transformers' CLIPTokenizer writes after reading them", () =>
  inTempFolder(async (parent) => {
    const folder = join(parent, "prior", "tokenizer");
    await writeTokenizer(folder, vocabulary, { modelMaxLength: 12 });
    // From transformers 4.57.6: from_pretrained(folder), save_pretrained(copy), sha256sum copy/*.
    const wanted = {
      "merges.txt": "9d40095eee2ec9001f6d701993a570864cdd1c97cb5ce8b5e829ccf1268a5709",
      "special_tokens_map.json": "a46982c1c09487f4ba4118d4d491a01d7e1b3a9e457662aa93f7c7159f11eaf7",
      "tokenizer_config.json": "39a69d4bda36be394c55e59d99c9fb735ff3ea1aee3fa44f0697d36305f2d335",
      "vocab.json": "a7205cd0867eaf83b01d6186e08c2d231da2c698469948a1f574791b2e27e345",
    };
    for (const [name, digest] of Object.entries(wanted)) {
      const bytes = await readFile(join(folder, name));
      assert.equal(createHash("sha256").update(bytes).digest("hex"), digest, name);
    }
  }));

Deno.test("a written tokenizer gives CLIPTokenizerFast's ids, for words that it never saw too", () =>
  inTempFolder(async (folder) => {
    await writeTokenizer(folder, vocabulary, { modelMaxLength: 12 });
    const tokenizer = await loadClipTokenizer(folder);
    // From CLIPTokenizerFast.from_pretrained(folder) of transformers 4.57.6; 548 starts, 549 ends and pads.
    const wanted = {
      "red apple on a teal background": [525, 526, 539, 320, 541, 530, 549, 549, 549, 549, 549],
      "RED  Fox's": [525, 547, 531, 549, 549, 549, 549, 549, 549, 549, 549],
      "🦊 赤い": [172, 253, 99, 488, 164, 113, 97, 159, 223, 482, 549],
      "a<|endoftext|>b zebra 12 é": [320, 549, 321, 89, 68, 65, 81, 320, 272, 273, 549],
      "": Array(11).fill(549),
    };
    for (const [text, ids] of Object.entries(wanted)) assert.deepEqual(tokenizer.encode(text).ids, [548, ...ids], text);
  }));

Deno.test("writeTokenizer() replaces an older tokenizer and refuses a length without room for start and end", () =>
  inTempFolder(async (folder) => {
    await writeTokenizer(folder, vocabulary, { modelMaxLength: 12 });
    await writeTokenizer(folder, await trainVocabulary([], { size: 514 }), { modelMaxLength: 5 });
    const tokenizer = await loadClipTokenizer(folder);
    assert.deepEqual([tokenizer.maxLength, tokenizer.bosId, tokenizer.eosId], [5, 512, 513]);
    for (const modelMaxLength of [1, 2.5, NaN]) {
      await assert.rejects(writeTokenizer(folder, vocabulary, { modelMaxLength }), {
        name: "RangeError",
        message: `Expected modelMaxLength to be an integer of 2 or more but found ${modelMaxLength}`,
      });
    }
  }));
