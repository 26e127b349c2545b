import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { BlockWriter } from "./block_writer.ts";
import { openFileHash } from "./file_hash.ts";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * i % 251);
const sha256 = createHash("sha256").update(bytes).digest("hex");
const git = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

for (const inBackground of [false, true]) {
  const where = inBackground ? "on another thread" : "on this thread";

  Deno.test(`a hash ${where} follows a file that is taken up, goes on and begins anew`, () =>
    inTempFolder(async (folder) => {
      for (const expected of [sha256, git]) {
        const path = join(folder, expected);
        await Deno.writeFile(path, bytes.subarray(0, 1_200_000));
        using hash = openFileHash({ expected, size: bytes.length, inBackground });
        await hash.takeUp(path);
        const { byteLength } = await hash.add(bytes.slice(1_200_000, 2_000_000));
        assert.equal(byteLength, 800_000, "the memory comes back");
        assert.notEqual(await hash.digest(), expected);
        await hash.add(bytes.slice(2_000_000));
        assert.equal(await hash.digest(), expected);
        await hash.restart();
        await hash.add(bytes.slice());
        assert.equal(await hash.digest(), expected);
      }
    }));

  Deno.test(`a hash ${where} says that it cannot read what is to be taken up`, async () => {
    using hash = openFileHash({ expected: sha256, size: bytes.length, inBackground });
    await assert.rejects(async () => await hash.takeUp("/no/such/file"), /No such file/);
  });
}

Deno.test("pieces of any size become the same bytes, a few blocks at a time", async () => {
  const written: Uint8Array[] = [];
  let under = 0;
  let most = 0;
  const blocks = new BlockWriter(async (block) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 1));
    written.push(block.slice());
    under--;
    return block.buffer;
  });
  const all = Uint8Array.from({ length: 9 << 20 }, (_, i) => i * i % 253);
  for (let at = 0, size = 1; at < all.length; at += size, size = size * 7 % 1_900_000 + 1) {
    await blocks.add(all.subarray(at, at + size));
  }
  await blocks.end();
  const joined = new Uint8Array(await new Blob(written as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  assert.deepEqual(joined, all);
  assert.ok(most > 1 && most <= 4, `${most} at once`);
});

Deno.test("whoever brings pieces is told that an earlier one could not be written", async () => {
  const blocks = new BlockWriter(() => Promise.reject(new Error("full")));
  const bring = async () => {
    for (let i = 0; i < 20; i++) await blocks.add(new Uint8Array(1 << 20));
  };
  await assert.rejects(bring, { message: "full" });
  const few = new BlockWriter(() => Promise.reject(new Error("full")));
  await few.add(new Uint8Array(3));
  await assert.rejects(() => few.end(), { message: "full" });
});
