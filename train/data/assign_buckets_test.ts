import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { plainPng, writeFiles } from "./_test_files.ts";
import { assignBuckets, rememberedBuckets } from "./assign_buckets.ts";
import { openSource } from "./source.ts";

const options = { area: 64 * 64, multiple: 32, ratios: [1, 0.9, 2, 1 / 2] };

Deno.test("each picture gets the nearest ratio, ratios that round to one size share it, and a damaged one gets the first", () =>
  inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "a.png": plainPng(20, 10),
      "b.png": plainPng(9, 10),
      "c.png": plainPng(5, 10),
      "d.png": "no",
    });
    const { sizes, groups } = await assignBuckets(await openSource(folder), options);
    assert.deepEqual(sizes.map(({ width, height }) => [width, height]), [[64, 64], [32, 64], [64, 32]]);
    assert.deepEqual([...groups], [2, 1, 1, 0]);
  }));

Deno.test("rememberedBuckets() reads the pictures once for the same options and samples", () =>
  inTempFolder(async (root) => {
    const folder = join(root, "scratch");
    await writeFiles(join(root, "data"), { "a.png": plainPng(20, 10) });
    const source = await openSource(join(root, "data"));
    const first = await rememberedBuckets(source, options, { folder, fingerprint: "one" });
    await writeFiles(join(root, "data"), { "a.png": plainPng(10, 20) });
    assert.deepEqual(await rememberedBuckets(source, options, { folder, fingerprint: "one" }), first);
    const other = await rememberedBuckets(source, options, { folder, fingerprint: "two" });
    assert.notDeepEqual(other.groups, first.groups);
    await Deno.writeTextFile(join(folder, "buckets.json"), "{");
    assert.deepEqual(await rememberedBuckets(source, options, { folder, fingerprint: "two" }), other);
  }));
