import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { CheckpointError } from "../../errors.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { readTarIndex } from "./tar.ts";
import { tarFile, type TarMember } from "./_test_files.ts";

async function indexOf(bytes: Uint8Array) {
  let entries: { name: string; text: string }[] = [];
  await inTempFolder(async (folder) => {
    const path = join(folder, "a.tar");
    await Deno.writeFile(path, bytes);
    entries = [...readTarIndex(path)].map(({ name, offset, length }) => ({
      name,
      text: new TextDecoder().decode(bytes.subarray(offset, offset + length)),
    }));
  });
  return entries;
}

Deno.test("readTarIndex() finds regular files and passes over the rest", async () => {
  const members: TarMember[] = [
    { name: "folder/", data: "", type: "5" },
    { name: "folder/a.txt", data: "hello" },
    { name: "empty", data: "" },
    { name: "link", data: "", type: "2" },
    { name: "b", data: "x".repeat(1000), type: "\0" },
  ];
  assert.deepEqual(await indexOf(tarFile(members)), [
    { name: "folder/a.txt", text: "hello" },
    { name: "empty", text: "" },
    { name: "b", text: "x".repeat(1000) },
  ]);
});

Deno.test("readTarIndex() reads long names of GNU and pax, and sizes in base 256", async () => {
  const long = `${"d".repeat(120)}/a.png`;
  const fields = `path=${long}\n`;
  const record = `${fields.length + 4} ${fields}`;
  const size = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3);
  const members: TarMember[] = [
    { name: "././@LongLink", data: `${long}\0`, type: "L" },
    { name: "cut", data: "gnu" },
    { name: "PaxHeader", data: record, type: "x" },
    { name: "cut", data: "pax" },
    { name: "plain", data: "256", size },
  ];
  assert.deepEqual(await indexOf(tarFile(members)), [
    { name: long, text: "gnu" },
    { name: long, text: "pax" },
    { name: "plain", text: "256" },
  ]);
});

Deno.test("readTarIndex() names what is wrong with an archive", async () => {
  const good = tarFile([{ name: "a", data: "x".repeat(600) }]);
  await assert.rejects(indexOf(good.slice(0, 800)), /the archive ends at byte 800, within its file at byte 0/);
  await assert.rejects(indexOf(good.with(0, 7)), /its header at byte 0 has a wrong checksum/);
  await assert.rejects(indexOf(Uint8Array.of(0x1f, 0x8b, ...new Uint8Array(600))), /is compressed/);
  const endless = Uint8Array.of(0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255);
  await assert.rejects(indexOf(tarFile([{ name: "a", data: "", size: endless }])), CheckpointError);
});

Deno.test("any damage to an archive is a CheckpointError or leaves an index", async () => {
  const good = tarFile([{ name: "a", data: "1" }, { name: "x", data: "9 path=b\n", type: "x" }, {
    name: "c",
    data: "2",
  }]);
  const damage = fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
    for (const bad of [good.with(at, byte), good.slice(0, at)]) {
      await indexOf(bad).catch((error) => assert.ok(error instanceof CheckpointError, String(error)));
    }
  });
  await fc.assert(damage, { numRuns: 60 });
});
