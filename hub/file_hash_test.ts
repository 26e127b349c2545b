import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openFileHash } from "./file_hash.ts";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * i % 251);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const git = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

for (const inBackground of [false, true]) {
  const where = inBackground ? "on another thread" : "on this thread";

  Deno.test(`a hash ${where} follows a file that is taken up, written on and begun anew`, () =>
    inTempFolder(async (folder) => {
      for (const expected of [sha256, git]) {
        const path = join(folder, expected);
        await Deno.writeFile(path, bytes.subarray(0, 1_200_000));
        using file = await Deno.open(path, { read: true, write: true });
        using hash = openFileHash(path, { expected, size: bytes.length, inBackground });
        await hash.takeUp(file, {});
        const write = async (from: number, to: number) => {
          await file.seek(from, Deno.SeekMode.Start);
          for (let at = from; at < to;) at += await file.write(bytes.subarray(at, to));
          hash.add(bytes.subarray(from, to));
        };
        await write(1_200_000, 2_000_000);
        assert.notEqual(await hash.digest(), expected);
        await write(2_000_000, bytes.length);
        assert.equal(await hash.digest(), expected);

        await file.truncate(0);
        hash.restart();
        await write(0, bytes.length);
        assert.equal(await hash.digest(), expected);
      }
    }));
}

Deno.test("a hash on another thread is of what lies on the disk, also where that thread has lost the file", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeFile(path, bytes);
    const options = { expected: sha256, size: bytes.length, inBackground: true };
    using hash = openFileHash(path, options);
    using file = await Deno.open(path, { read: true, write: true });
    await file.write(Uint8Array.of(9));
    hash.add(bytes);
    assert.notEqual(await hash.digest(), sha256);

    // It is told of more than there is, so that it gives up; then the file is whole again.
    hash.add(bytes);
    await Deno.writeFile(path, bytes);
    assert.equal(await hash.digest(), sha256);
  }));
