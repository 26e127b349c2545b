import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { type KnownFile, unpackFiles } from "./unpack_files.ts";

const contents: Readonly<Record<string, string>> = { "library.so": "x".repeat(70_000), "parts/one.json": "{}" };
const files: KnownFile[] = Object.entries(contents).map(([path, text]) => {
  return { path, bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") };
});

/** A folder with the files, and one beside it to unpack them into. */
function withFiles(test: (places: { from: string; to: string; name: string }) => Promise<void>): Promise<void> {
  return inTempFolder(async (folder) => {
    const from = join(folder, "from");
    await Deno.mkdir(join(from, "parts"), { recursive: true });
    for (const [path, text] of Object.entries(contents)) await Deno.writeTextFile(join(from, path), text);
    await test({ from, to: join(folder, "cache", "to"), name: "the library" });
  });
}

async function assertUnpacked(to: string): Promise<void> {
  for (const [path, text] of Object.entries(contents)) assert.equal(await Deno.readTextFile(join(to, path)), text);
  const names = [...Deno.readDirSync(to)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["library.so", "parts"]);
}

Deno.test("files are unpacked once, and stay as they are where they are whole", () =>
  withFiles(async (places) => {
    await unpackFiles(files, places);
    await assertUnpacked(places.to);
    // What is there suffices: nothing is read from the other folder.
    await Deno.remove(places.from, { recursive: true });
    await unpackFiles(files, places);
    await assertUnpacked(places.to);
  }));

Deno.test("a file that is carried compressed is unpacked as it was, and refused where it is another", () =>
  withFiles(async ({ from, to, name }) => {
    const [library, part] = files as [KnownFile, KnownFile];
    const packed = join(from, "packed.gz");
    const pack = async (text: string) => {
      const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
      await Deno.writeFile(packed, stream);
    };
    await pack(contents["library.so"]!);
    await Deno.remove(join(from, "library.so"));
    await unpackFiles([{ ...library, packed }, part], { from, to, name });
    await assertUnpacked(to);
    await pack("another");
    await Deno.remove(join(to, "library.so"));
    await assert.rejects(unpackFiles([{ ...library, packed }], { from, to, name }), { message: /is damaged/ });
  }));

Deno.test("what was changed, cut short, removed or made a link is replaced", () =>
  withFiles(async (places) => {
    const library = join(places.to, "library.so");
    await unpackFiles(files, places);
    const damages = [
      () => Deno.writeTextFile(library, `y${"x".repeat(69_999)}`),
      () => Deno.truncate(library, 1000),
      () => Deno.remove(library),
      () => Deno.remove(library).then(() => Deno.symlink("/dev/null", library)),
    ];
    for (const damage of damages) {
      await damage();
      await unpackFiles(files, places);
      await assertUnpacked(places.to);
    }
  }));

Deno.test("two programs that unpack at once both find whole files", () =>
  withFiles(async (places) => {
    const library = join(places.to, "library.so");
    // Whoever is ready opens the file: nobody may put another in its place.
    const inodes = await Promise.all([1, 2, 3].map(async () => {
      await unpackFiles(files, places);
      return (await Deno.stat(library)).ino;
    }));
    await assertUnpacked(places.to);
    assert.equal(new Set([...inodes, (await Deno.stat(library)).ino]).size, 1);
  }));

Deno.test("a folder that cannot be written is named, with the variable that moves it", () =>
  withFiles(async ({ from, name }) => {
    const blocked = join(from, "library.so", "cache");
    await assert.rejects(unpackFiles(files, { from, to: blocked, name }), {
      name: "PermissionError",
      message:
        `Cannot unpack the library into ${blocked}: that folder cannot be written; set XDG_CACHE_HOME to another folder`,
    });
  }));

Deno.test("a damaged program does not unpack what it has", () =>
  withFiles(async (places) => {
    await Deno.writeTextFile(join(places.from, "library.so"), "z".repeat(70_000));
    await assert.rejects(unpackFiles(files, places), { message: /^library\.so in this program is damaged/ });
    await assert.rejects(Deno.stat(join(places.to, "library.so")), { name: "NotFound" });
  }));
