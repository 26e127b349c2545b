import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError, ConfigError } from "../../errors.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { openSample } from "./sample.ts";
import { fingerprintOf, openSource, selectSamples, type Source } from "./source.ts";
import { plainPng, tarFile, writeFiles } from "./_test_files.ts";

/** Ids and captions of all samples, read in the order of their index. */
async function captionsOf(source: Source): Promise<[string, string][]> {
  const all: [string, string][] = [];
  for (let i = 0; i < source.length; i++) {
    const { id, caption } = await openSample(source.entry(i));
    all.push([id, caption]);
  }
  return all;
}

Deno.test("a folder is its pictures in the order of their names, with the text beside them", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "b.png": plainPng(2, 2),
      "b.txt": "\ufeff a red\napple \n",
      "a/c.jpg": "not read while indexing",
      "a/c.txt": "deep",
      "d.PNG": plainPng(3, 1),
      ".hidden.png": "",
      "__MACOSX/x.png": "",
      "notes.md": "",
      "lonely.txt": "beside nothing",
    });
    const source = await openSource(folder);
    assert.equal(source.kind, "folder");
    assert.deepEqual(await captionsOf(source), [["a/c.jpg", "deep"], ["b.png", "a red apple"], ["d.PNG", ""]]);
    assert.deepEqual(source.findings, {
      missingImages: [],
      lonelyCaptions: ["lonely.txt"],
      ignoredFiles: ["notes.md"],
    });
    const { image } = await openSample(source.entry(2));
    assert.deepEqual((await image()).width, 3);
  });
});

Deno.test("metadata.jsonl and CSV caption pictures below their own folder; missing pictures are named with their line", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "a.png": plainPng(1, 1),
      "a.txt": "the table wins",
      "metadata.jsonl": '{"file_name":"a.png","text":"from jsonl"}\n\n{"file_name":"gone.png","text":"x"}\n' +
        '{"file_name":"../out.png","text":"x"}\n',
      "sub/b.png": plainPng(1, 1),
      "sub/captions.csv": 'caption,file_name\n"one, two",b.png\nsecond,b.png\n',
      "scores.csv": "name,score\nx,1\n",
    });
    const source = await openSource(folder);
    assert.deepEqual(await captionsOf(source), [
      ["a.png", "from jsonl"],
      ["sub/b.png", "one, two"],
      ["sub/b.png (caption 2)", "second"],
    ]);
    assert.deepEqual(source.findings, {
      missingImages: ["metadata.jsonl line 3: gone.png", "metadata.jsonl line 4: ../out.png"],
      lonelyCaptions: [],
      ignoredFiles: ["scores.csv"],
    });
  });
});

Deno.test("a caption table that cannot be read is named with its line", async () => {
  const cases: [string, string, RegExp][] = [
    [
      "metadata.jsonl",
      '{"file_name":"a.png"}\n{oops',
      /metadata\.jsonl: cannot read the captions: line 2: not valid JSON/,
    ],
    ["metadata.jsonl", '{"file_name":"a.png"}\n{"text":"x"}', /line 2: expected a "file_name"/],
    ["metadata.csv", 'file_name,text\na.png,"open', /line 2: a quote is not closed/],
    ["metadata.csv", "file_name,text\na.png", /line 2: expected 2 fields but found 1/],
  ];
  for (const [name, text, message] of cases) {
    await inTempFolder(async (folder) => {
      await writeFiles(folder, { "a.png": plainPng(1, 1), [name]: text });
      await assert.rejects(openSource(folder), (error) => {
        assert.ok(error instanceof CheckpointError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

Deno.test("links between folders that form a ring are followed once", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "sub/a.png": plainPng(1, 1) });
    await Deno.symlink(folder, join(folder, "sub/ring"));
    assert.equal((await openSource(folder)).length, 1);
  });
});

Deno.test("WebDataset shards pair files by their key, and give access in any order", async () => {
  await inTempFolder(async (folder) => {
    const first = tarFile([
      { name: "0.png", data: plainPng(4, 2) },
      { name: "0.txt", data: "zero" },
      { name: "0.cls", data: "7" },
      { name: "1.json", data: '{"text":"one"}' },
      { name: "1.jpg", data: "?" },
    ]);
    const second = tarFile([{ name: "./x/2.png", data: plainPng(6, 2) }, { name: "x/3.txt", data: "alone" }]);
    await writeFiles(folder, { "s-00.tar": first, "s-01.tar": second });
    const source = await openSource(join(folder, "s-{00..01}.tar"));
    assert.equal(source.kind, "webdataset");
    assert.deepEqual(await captionsOf(source), [["s-00.tar: 0", "zero"], ["s-00.tar: 1", "one"], [
      "s-01.tar: x/2",
      "",
    ]]);
    const pictures = await Promise.all([2, 0].map(async (i) => (await openSample(source.entry(i))).image()));
    assert.deepEqual(pictures.map(({ width }) => width), [6, 4]);
    assert.deepEqual(source.findings.lonelyCaptions, ["s-01.tar: x/3.txt"]);
    assert.deepEqual(source.findings.ignoredFiles, ["s-00.tar: 0.cls"]);
    assert.equal((await openSource(folder)).length, 3);
  });
});

const parquets = fileURLToPath(new URL("../../tests/fixtures/parquet/", import.meta.url));

for (const name of ["struct_snappy", "struct_zstd", "binary_paged"]) {
  Deno.test(`Parquet gives the same samples in order and, from a scratch folder, in any order: ${name}`, async () => {
    await inTempFolder(async (folder) => {
      const path = join(parquets, `${name}.parquet`);
      const source = await openSource(path, { scratch: folder });
      assert.equal(source.length, 7);
      const inOrder = [];
      for await (const entry of source.entries()) inOrder.push(await openSample(entry));
      for (const index of [6, 0, 3]) {
        const sample = await openSample(source.entry(index));
        assert.equal(sample.id, `${name}.parquet: row ${index}`);
        assert.equal(sample.caption, index === 6 ? "" : `picture ${index}`);
        assert.equal(sample.caption, inOrder[index]!.caption);
        const { width, height, data } = await sample.image();
        assert.deepEqual([width, height, ...data.subarray(0, 6)], [5, 4, 10 * index, 0, 7, 10 * index + 1, 0, 7]);
        assert.deepEqual((await inOrder[index]!.image()).data, data);
      }
      const [copy] = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".bin"));
      const before = Deno.statSync(join(folder, copy!.name)).mtime;
      const again = await openSource(path, { scratch: folder });
      assert.deepEqual(again.entry(4), source.entry(4));
      assert.deepEqual(Deno.statSync(join(folder, copy!.name)).mtime, before, "the copy is used again");
    });
  });
}

Deno.test("Parquet without a scratch folder refuses access in any order, and files without pictures", async () => {
  const source = await openSource(join(parquets, "struct_zstd.parquet"));
  assert.throws(() => source.entry(0), ConfigError);
  await assert.rejects(
    openSource(join(parquets, "no_image.parquet")),
    /expected a column "image" .* but found id, text/,
  );
});

Deno.test("damage to a Parquet file is a CheckpointError", async () => {
  const good = await Deno.readFile(join(parquets, "struct_zstd.parquet"));
  await inTempFolder(async (folder) => {
    const path = join(folder, "a.parquet");
    for (const bad of [good.slice(0, 100), good.slice(500), good.map((byte, i) => i > 40 && i < 900 ? 0 : byte)]) {
      await Deno.writeFile(path, bad);
      await assert.rejects(openSource(path, { scratch: folder }), CheckpointError);
    }
  });
});

Deno.test("openSource() says what is not there", async () => {
  await inTempFolder(async (folder) => {
    await assert.rejects(openSource(join(folder, "none")), /there is no such file or folder/);
    await assert.rejects(openSource(folder), /no pictures found/);
    await writeFiles(folder, { "a.zip": "" });
    await assert.rejects(openSource(join(folder, "a.zip")), ConfigError);
  });
});

Deno.test("a selection keeps its order, and a fingerprint changes with the names", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, { "a.png": plainPng(1, 1), "b.png": plainPng(1, 1), "c.png": plainPng(1, 1) });
    const source = await openSource(folder);
    const part = selectSamples(source, [2, 0]);
    assert.deepEqual((await captionsOf(part)).map(([id]) => id), ["c.png", "a.png"]);
    assert.equal(await fingerprintOf(source), await fingerprintOf(await openSource(folder)));
    assert.notEqual(await fingerprintOf(part), await fingerprintOf(source));
  });
});
