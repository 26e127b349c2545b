import assert from "node:assert/strict";
import { join } from "node:path";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { writeSafetensors } from "./safetensors_writer.ts";
import { openShards } from "./shards.ts";

const x: Tensor = tensor("float32", [1], Float32Array.of(1));
const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

/** Writes two shards (`a`, `b` and `c`) and an index of the given content, then opens them. */
async function open(index: unknown): Promise<string[]> {
  const found: string[] = [];
  await inTempFolder(async (folder) => {
    await writeSafetensors(join(folder, first), { a: x, b: x });
    await writeSafetensors(join(folder, second), { c: x });
    const path = join(folder, "model.safetensors.index.json");
    await Deno.writeTextFile(path, typeof index === "string" ? index : JSON.stringify(index));
    try {
      found.push(...(await openShards(path)).map(({ tensors }) => [...tensors.keys()].join()));
    } catch (error) {
      assert(error instanceof Error && error.name === "CheckpointError", `${error}`);
      throw new Error(error.message.replaceAll(`${folder}/`, ""));
    }
  });
  return found;
}

const prefix = "model.safetensors.index.json: ";

Deno.test("openShards() opens the shards of an index in the order of their names", async () => {
  assert.deepEqual(await open({ metadata: { total_size: 12 }, weight_map: { c: second, b: first, a: first } }), [
    "a,b",
    "c",
  ]);
});

Deno.test("openShards() leaves a file alone that the index does not name", async () => {
  assert.deepEqual(await open({ weight_map: { a: first, b: first } }), ["a,b"]);
});

Deno.test("openShards() refuses names that lead out of the folder or are no safetensors file", async () => {
  const names = [
    "../model.safetensors",
    "..",
    "/etc/passwd",
    "/a.safetensors",
    "a/b.safetensors",
    "a\\b.safetensors",
    "..\\a.safetensors",
    "C:a.safetensors",
    "C:\\a.safetensors",
    "\\\\host\\a.safetensors",
    "a.safetensors\0",
    "\0.safetensors",
    "",
    ".safetensors",
    "a.bin",
    "file://a.safetensors",
    `${"a".repeat(250)}.safetensors`,
  ];
  for (const name of names) {
    await assert.rejects(
      open({ weight_map: { a: first, b: first, c: name } }),
      /index\.json: expected names of safetensors files beside it but found ".*"$/,
      name,
    );
  }
});

Deno.test("openShards() refuses more shards than any checkpoint has, before it opens one", async () => {
  const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `s${i}.safetensors`]));
  await assert.rejects(open({ weight_map: many }), { message: `${prefix}expected 1 to 10000 shards but found 20000` });
  await assert.rejects(open({ weight_map: {} }), { message: `${prefix}expected 1 to 10000 shards but found 0` });
  const million = `{"weight_map":{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":"s${i}.safetensors"`)}}}`;
  await assert.rejects(open(million), /expected at most 16777216 bytes of JSON but found \d+$/);
});

Deno.test("openShards() names tensors that index and shards do not agree on", async () => {
  const rest = "get index and shards again";
  for (
    const [map, message] of [
      [{ a: first, c: second }, `does not list for shard "${first}" a tensor: "b"; ${rest}`],
      [{ a: first, b: first, c: second, d: second }, `lists but no shard holds a tensor: "d"; ${rest}`],
      [{ a: first, b: second, c: second }, `does not list for shard "${first}" a tensor: "b"; ${rest}`],
      [
        { a: first, b: first, c: second, ...Object.fromEntries([..."123456"].map((key) => [key, second])) },
        `lists but no shard holds 6 tensors: "1", "2", "3", "4", "5" and 1 more; ${rest}`,
      ],
    ] as const
  ) {
    await assert.rejects(open({ weight_map: map }), { message: prefix + message });
  }
});

Deno.test("openShards() refuses an index whose content is of another kind", async () => {
  const wanted = 'expected "weight_map" to be an object';
  for (
    const [index, message] of [
      [{}, wanted],
      [{ weight_map: [first] }, wanted],
      [{ weight_map: { a: 1 } }, 'expected the name of a file for tensor "a"'],
      [`{"weight_map":{"a":"${first}","a":"${second}"}}`, /not valid JSON: Expected each key once but found "a" again/],
      ['{"weight_map":{"__proto__":"x"}}', /not valid JSON: Expected no key "__proto__"/],
      ["[]", "expected a JSON object at the top"],
    ] as const
  ) {
    await assert.rejects(open(index), { message: typeof message === "string" ? prefix + message : message });
  }
});

Deno.test("openShards() names the shard that is missing or damaged", async () => {
  await assert.rejects(open({ weight_map: { a: first, b: first, c: "model-00003-of-00003.safetensors" } }), {
    message: "model-00003-of-00003.safetensors: there is no such file",
  });
});
