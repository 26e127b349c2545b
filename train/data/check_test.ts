import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { concat } from "../../images/concat.ts";
import { pngChunk, pngSignature } from "../../images/png_chunks.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { checkDataset, type CheckDatasetOptions, type DatasetReport } from "./check.ts";
import { problemsOf, suggestionOf } from "./check_problems.ts";
import { openSource } from "./source.ts";
import { npyFile, plainPng, writeFiles } from "./_test_files.ts";

async function check(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: CheckDatasetOptions = {},
): Promise<DatasetReport> {
  let report: DatasetReport | undefined;
  await inTempFolder(async (folder) => {
    await writeFiles(folder, files);
    report = await checkDataset(await openSource(folder), options);
  });
  return report!;
}

function messages(report: DatasetReport): string[] {
  return problemsOf(report).map(({ severity, message }) => `${severity}: ${message}`);
}

/** A PNG whose header promises `side` × `side` pixels. */
function bomb(side: number): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, side);
  new DataView(header.buffer).setUint32(4, side);
  header.set([8, 2], 8);
  return concat([pngSignature, pngChunk("IHDR", header), pngChunk("IEND", new Uint8Array())]);
}

Deno.test("a sound data set has no problems, and its numbers are right", async () => {
  const report = await check({
    "a.png": plainPng(64, 48),
    "a.txt": "one",
    "b.png": plainPng(64, 48, { colour: [1, 2, 3] }),
    "b.txt": "two words",
    "c.png": plainPng(130, 140),
    "c.txt": "one",
  });
  assert.deepEqual(messages(report), []);
  const { captions, sizes, shorterSides, channels, depths, readable } = report;
  assert.deepEqual({ captions, sizes, shorterSides, channels, depths, readable }, {
    captions: { missing: 0, empty: 0, distinct: 2, longest: 9 },
    sizes: { "64x48": 2, "130x140": 1 },
    shorterSides: { 32: 2, 128: 1 },
    channels: { 3: 3 },
    depths: { 8: 3 },
    readable: 3,
  });
  assert.deepEqual(suggestionOf(report), { channels: 3, size: 32, usesBuckets: false });
});

Deno.test("corrupt, empty, gigantic and missing files are one line each", async () => {
  const report = await check({
    "good.png": plainPng(8, 8),
    "metadata.csv": "file_name,text\ngood.png,fine\ngone.png,lost\n",
    "cut.png": plainPng(8, 8).slice(0, 50),
    "empty.jpg": "",
    "bomb.png": bomb(20_000),
    "text.webp": "no picture",
  });
  const [broken, missing, ...rest] = messages(report);
  assert.match(
    broken!,
    /^error: unreadable, and training passes over them \(4 of 5\): bomb\.png \(.*20000x20000\)/,
  );
  for (
    const part of [
      /cut\.png \(.*ends after 50 bytes/,
      /empty\.jpg \(the file is empty\)/,
      /text\.webp \(.*it is no PNG/,
    ]
  ) {
    assert.match(broken!, part);
  }
  assert.equal(missing, "error: caption tables name missing pictures (1): metadata.csv line 3: gone.png");
  assert.deepEqual(rest, ["warning: there is only 1 picture, which can be learnt by heart and no more"]);
});

Deno.test("no captions, empty ones, and lonely ones are warnings", async () => {
  const [a, b, c] = [1, 2, 3].map((value) => plainPng(4, 4, { colour: [value, 0, 0] })) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  assert.deepEqual(messages(await check({ "a.png": a, "b.png": b })), [
    "warning: no picture has a caption: Stage A can be trained, a text-to-image model cannot",
  ]);
  assert.deepEqual(
    messages(await check({ "a.png": a, "a.txt": " ", "b.png": b, "c.png": c, "c.txt": "x", "d.txt": "y" })),
    [
      "warning: no caption, or an empty one (2 of 3)",
      "warning: caption files beside no picture (1): d.txt",
    ],
  );
});

Deno.test("mixed channels are a warning where they can be converted, an error where they cannot", async () => {
  const grey = plainPng(4, 4, { colour: [7] });
  const mixed = await check({ "a.png": grey, "a.txt": "x", "b.png": plainPng(4, 4), "b.txt": "y" });
  assert.deepEqual(messages(mixed), [
    "warning: pictures have 1 (1), 3 (1) channels: training converts them to those of its configuration",
  ]);
  const bands = npyFile("<u2", [4, 4, 13], new Uint8Array(416));
  const far = await check({ "a.npy": bands, "a.txt": "x", "b.png": plainPng(4, 4), "b.txt": "y" });
  assert.deepEqual(messages(far), [
    "error: pictures have 3 (1), 13 (1) channels, which no network takes together: sort them into folders",
    "warning: pictures have 8 (1), 16 (1) bits a sample: training scales all of them to 0 to 1",
  ]);
});

Deno.test("the same bytes under two names are duplicates, two captions of one picture are not", async () => {
  const png = plainPng(4, 4);
  const report = await check({
    "a.png": png,
    "b.png": png,
    "metadata.jsonl":
      '{"file_name":"a.png","text":"x"}\n{"file_name":"a.png","text":"y"}\n{"file_name":"b.png","text":"z"}',
  });
  assert.equal(report.samples, 3);
  assert.deepEqual(report.duplicates, { count: 1, first: [{ id: "b.png", sameAs: "a.png" }] });
  assert.deepEqual(messages(report), ["warning: byte for byte the same as another picture (1): b.png = a.png"]);
});

Deno.test("a quick check finds truncation, but neither damaged pixels nor channels", async () => {
  const files = { "a.png": plainPng(30, 30), "b.png": plainPng(30, 30).slice(0, 60), "c.png": bomb(4) };
  const quick = await check(files, { quick: true });
  assert.deepEqual([quick.readable, quick.unreadable.first[0]!.id], [2, "b.png"]);
  assert.equal(suggestionOf(quick), undefined);
  assert.equal((await check(files)).readable, 1);
});

Deno.test("lists keep five examples and count the rest", async () => {
  const empty = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${i}.png`, ""]));
  const report = await check(empty);
  assert.equal(report.unreadable.count, 8);
  assert.equal(report.unreadable.first.length, 5);
  assert.match(messages(report)[0]!, /^error: unreadable, .* \(8 of 8\): .* 4\.png \(the file is empty\), and 3 more$/);
});

Deno.test("progress is told after each sample, and a signal stops the check", async () => {
  const seen: [number, number][] = [];
  const files = { "a.png": plainPng(1, 1), "b.png": plainPng(1, 2) };
  await check(files, { onSample: (done, total) => void seen.push([done, total]) });
  assert.deepEqual(seen, [[1, 2], [2, 2]]);
  await assert.rejects(check(files, { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
});

Deno.test("Parquet is checked without a copy", async () => {
  const path = fileURLToPath(new URL("../../tests/fixtures/parquet/struct_snappy.parquet", import.meta.url));
  const report = await checkDataset(await openSource(path));
  assert.deepEqual([report.samples, report.readable, report.captions.missing], [7, 7, 1]);
  assert.deepEqual(report.sizes, { "5x4": 7 });
});

Deno.test("oblong pictures suggest buckets, drawings with alpha three channels", async () => {
  const clear = { colour: [0, 0, 0, 0] };
  const report = await check({ "a.png": plainPng(200, 100, clear), "b.png": plainPng(64, 70, clear) });
  assert.deepEqual(suggestionOf(report), { channels: 3, size: 64, usesBuckets: true });
});
