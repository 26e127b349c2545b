import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { buildZip, type Entry } from "../../tests/pt/build_zip.ts";
import { openFixedFile } from "../fixed_file.ts";
import { unpackEntry } from "./unpack_entry.ts";
import { readZipDirectory } from "./zip_directory.ts";

const text = "as it was ".repeat(300_000);

async function unpack(entry: Partial<Entry>): Promise<string> {
  let found = "";
  await inTempFolder(async (folder) => {
    const path = join(folder, "a.zip");
    await Deno.writeFile(path, buildZip([{ name: "a", data: new TextEncoder().encode(text), ...entry }]));
    const file = await openFixedFile(path, "a file");
    const listed = (await readZipDirectory(file, { deflated: true })).get("a")!;
    const decoder = new TextDecoder();
    for await (const piece of unpackEntry(file, listed, { name: "a" })) {
      found += decoder.decode(piece, { stream: true });
    }
  });
  return found;
}

Deno.test("an entry is what it was, compressed or not", async () => {
  assert.equal(await unpack({ deflated: true }), text);
  assert.equal(await unpack({ deflated: false }), text);
});

Deno.test("no more comes than the directory says, and another content is an error", async () => {
  for (const size of [1000, text.length + 1]) {
    await assert.rejects(unpack({ deflated: true, directory: { size }, local: { size } }), {
      name: "CheckpointError",
      message: /entry "a" is not what its directory says/,
    });
  }
});

Deno.test("a compressed entry is refused where none is asked for", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.zip");
    await Deno.writeFile(path, buildZip([{ name: "a", data: new TextEncoder().encode(text), deflated: true }]));
    const file = await openFixedFile(path, "a file");
    await assert.rejects(readZipDirectory(file), /is compressed, as torch\.save never does/);
  }));
