import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { openSample, readCaption, readImageBytes } from "./sample.ts";
import { plainPng, writeFiles } from "./_test_files.ts";

Deno.test("openSample() decodes when asked, and not before", async () => {
  const sample = await openSample({ id: "a", image: { path: "/nonexistent" }, caption: { text: " two\twords " } });
  assert.equal(sample.caption, "two words");
  await assert.rejects(sample.image(), /the file is missing/);
  const inMemory = await openSample({ id: "b", image: plainPng(3, 4), caption: undefined });
  assert.equal(inMemory.caption, "");
  assert.equal((await inMemory.image()).height, 4);
});

Deno.test("captions come from text files and JSON files, and say what is wrong with them", async () => {
  await inTempFolder(async (folder) => {
    await writeFiles(folder, {
      "a.txt": "plain",
      "a.json": '{"text":"second","caption":"first"}',
      "b.json": "{",
      "c.txt": Uint8Array.of(0xff, 0xfe),
      "d.txt": "x".repeat(70_000),
    });
    const read = (name: string, format: "txt" | "json") =>
      readCaption({
        id: name,
        image: new Uint8Array(),
        caption: { bytes: { path: join(folder, name) }, format },
      });
    assert.equal(await read("a.txt", "txt"), "plain");
    assert.equal(await read("a.json", "json"), "first");
    await assert.rejects(read("b.json", "json"), /its caption file is not valid JSON/);
    await assert.rejects(read("c.txt", "txt"), /its caption is not UTF-8/);
    await assert.rejects(read("d.txt", "txt"), /its caption cannot be read: it has 1 MiB, more than/);
    await assert.rejects(read("e.txt", "txt"), /its caption cannot be read: the file is missing/);
  });
});

Deno.test("a picture file that is empty or of a gigabyte is refused before it is read", async () => {
  await inTempFolder(async (folder) => {
    const path = join(folder, "big.png");
    await Deno.writeFile(path, new Uint8Array());
    const entry = { id: "big", image: { path }, caption: undefined };
    await assert.rejects(readImageBytes(entry), /the file is empty/);
    // Sparse: it takes no room.
    await Deno.truncate(path, 2 ** 30);
    await assert.rejects(readImageBytes(entry), /it has 1024 MiB, more than the 256 MiB that are read/);
    await assert.rejects(readImageBytes({ ...entry, image: { path: folder } }), /it is no regular file/);
    await assert.rejects(
      readImageBytes({ ...entry, image: { path, offset: 2 ** 30, length: 5 } }),
      /its file ends at byte 1073741824 of 1073741829/,
    );
  });
});
