import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readJson } from "./read_json.ts";

Deno.test("readJson() reads every JSON file of the fixtures' repositories as JSON.parse() does", async () => {
  const root = new URL("../tests/fixtures/wuerstchen/repo/", import.meta.url).pathname;
  for (
    const path of [
      "wuerstchen/model_index.json",
      "wuerstchen/decoder/config.json",
      "wuerstchen/tokenizer/tokenizer.json",
      "wuerstchen/tokenizer/vocab.json",
      "wuerstchen-prior/tokenizer/tokenizer_config.json",
      "wuerstchen-sharded/decoder/diffusion_pytorch_model.safetensors.index.json",
    ]
  ) {
    const expected = JSON.parse(await Deno.readTextFile(root + path));
    assert.equal(JSON.stringify(await readJson(root + path)), JSON.stringify(expected), path);
  }
});

Deno.test("readJson() names file and fault of what is no JSON object", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "config.json");
    await assert.rejects(readJson(path), { name: "CheckpointError", message: `${path}: there is no such file` });
    await assert.rejects(readJson(folder), /expected a JSON file but found a folder or a device/);
    for (
      const [text, message] of [
        ['{"a": 1, "a": 2}', 'not valid JSON: Expected each key once but found "a" again at line 1, column 10'],
        ['{"__proto__": {}}', 'not valid JSON: Expected no key "__proto__" at line 1, column 2'],
        ["", "not valid JSON: Expected a value but found the end at line 1, column 1"],
        ["[1]", "expected a JSON object at the top"],
        ["[".repeat(10_000), "not valid JSON: Expected at most 127 levels of nesting at line 1, column 128"],
      ] as const
    ) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(readJson(path), { name: "CheckpointError", message: `${path}: ${message}` });
    }
  }));

Deno.test("readJson() refuses a file of 1 GB without reading it", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "config.json");
    await Deno.writeTextFile(path, "{");
    await Deno.truncate(path, 1e9);
    const before = performance.now();
    await assert.rejects(readJson(path), {
      name: "CheckpointError",
      message: `${path}: expected at most 16777216 bytes of JSON but found 1000000000`,
    });
    assert(performance.now() - before < 1000);
  }));
