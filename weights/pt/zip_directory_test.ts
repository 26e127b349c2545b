import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { buildZip, type EndFields, type Entry } from "../../tests/pt/build_zip.ts";
import { openFixedFile } from "../fixed_file.ts";
import { readZipDirectory } from "./zip_directory.ts";

const data = (text: string) => new TextEncoder().encode(text);
const a: Entry = { name: "x/a", data: data("first") };
const b: Entry = { name: "x/b", data: data("second one") };

async function read(bytes: Uint8Array) {
  let result: Record<string, string> = {};
  await inTempFolder(async (folder) => {
    const path = join(folder, "z.pt");
    await Deno.writeFile(path, bytes);
    const entries = await readZipDirectory(await openFixedFile(path, "a file"));
    const text = ({ start, end }: { start: number; end: number }) =>
      new TextDecoder().decode(bytes.subarray(start, end));
    result = Object.fromEntries([...entries].map(([name, entry]) => [name, text(entry)]));
  });
  return result;
}

async function rejects(bytes: Uint8Array, message: RegExp): Promise<void> {
  await assert.rejects(read(bytes), (error) => {
    assert(error instanceof CheckpointError, `${error}`);
    assert.match(error.message, message);
    assert(!error.message.includes("\n"));
    return true;
  });
}

Deno.test("readZipDirectory() finds the bytes of each entry", async () => {
  const expected = { "x/a": "first", "x/b": "second one" };
  assert.deepEqual(await read(buildZip([a, b])), expected);
  assert.deepEqual(await read(buildZip([a, b], { comment: 300 })), expected);
  assert.deepEqual(await read(buildZip([])), {});
});

Deno.test("readZipDirectory() reads the 64-bit sizes and records of files beyond 4 GB", async () => {
  const expected = { "x/a": "first", "x/b": "second one" };
  assert.deepEqual(await read(buildZip([{ ...a, wide: true }, b], { wide: true })), expected);
  assert.deepEqual(await read(buildZip([a, { ...b, wide: true }])), expected);
});

Deno.test("readZipDirectory() takes local sizes of zero where they stand behind the data, as in torch's files", async () => {
  const local = { packed: 0, size: 0, flags: 8 };
  assert.deepEqual(await read(buildZip([{ ...a, local, directory: { flags: 8 } }])), { "x/a": "first" });
});

const hostile: readonly (readonly [string, readonly Entry[], EndFields, RegExp])[] = [
  ["a compressed entry, so no bomb", [{ ...a, directory: { method: 8 } }], {}, /"x\/a" is compressed/],
  [
    "an entry that only its header calls compressed",
    [{ ...a, local: { method: 8 } }],
    {},
    /says that it is compressed/,
  ],
  ["an encrypted entry", [{ ...a, directory: { flags: 1 } }], {}, /"x\/a" is encrypted/],
  ["sizes that differ", [{ ...a, directory: { size: 500 } }], {}, /is stored in 5 bytes but has 500/],
  ["an entry over another", [a, { ...b, directory: { offset: 0 } }], {}, /another name|overlaps/],
  ["one entry twice over the same bytes", [a, { ...a, directory: { offset: 0 } }], {}, /overlaps|twice/],
  ["one name twice", [a, a], {}, /"x\/a" is there twice/],
  ["an offset behind the file", [{ ...a, directory: { offset: 4e9 } }], {}, /begins behind the entries/],
  ["an offset beyond any file", [{ ...a, wide: true, directory: { offset: 2 ** 60 } }], {}, /beyond any file/],
  ["a size beyond the file", [{ ...a, directory: { size: 1e9, packed: 1e9 } }], {}, /another size|reaches out/],
  ["a 64-bit size beyond the file", [{ ...a, wide: true, directory: { size: 1e12, packed: 1e12 } }], {}, /reaches out/],
  ["another name in the header", [{ ...a, local: { name: "y/a" } }], {}, /another name/],
  ["another size in the header", [{ ...a, local: { size: 4 } }], {}, /another size/],
  ["too few entries", [a, b], { count: 1 }, /expected 1 entries but found 2/],
  ["a directory elsewhere", [a], { start: 3 }, /not where the end of the file says/],
  ["a directory of more bytes", [a], { size: 1000 }, /not where the end of the file says/],
  ["several volumes", [a], { disk: 1 }, /several volumes/],
  ["millions of entries", [a], { wide: true, count: 1e7 }, /more than any checkpoint/],
  ["a huge directory", [a], { size: 2 ** 31 }, /more than any checkpoint/],
];

for (const [what, entries, end, message] of hostile) {
  Deno.test(`readZipDirectory() refuses ${what}`, () => rejects(buildZip(entries, end), message));
}

Deno.test("readZipDirectory() refuses a file cut at any byte", async () => {
  const whole = buildZip([a, { ...b, wide: true }], { wide: true });
  for (let length = 0; length < whole.length; length++) {
    await assert.rejects(read(whole.subarray(0, length)), CheckpointError, `${length} bytes`);
  }
});
