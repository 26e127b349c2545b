import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readTar, tarBlock, tarEnd, tarHeader, tarPadding } from "./tar.ts";

const read = async (path: string) => {
  using file = await Deno.open(path);
  return await Array.fromAsync(readTar(file, { path }));
};

Deno.test("readTar() finds what was written, and passes over contents", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "a.tar");
    const contents = new Uint8Array(700).fill(7);
    const parts = [tarHeader("a", 700), contents, new Uint8Array(tarPadding(700)), tarHeader("b/c", 0), tarEnd];
    await Deno.writeFile(path, new Blob(parts as BlobPart[]).stream());
    assert.deepEqual(await read(path), [{ name: "a", size: 700, start: tarBlock }, {
      name: "b/c",
      size: 0,
      start: 4 * tarBlock,
    }]);
    const bytes = await Deno.readFile(path);
    for (const length of [0, 100, 600, 1500, bytes.byteLength - 2 * tarBlock]) {
      await Deno.writeFile(path, bytes.subarray(0, length));
      await assert.rejects(() => read(path), CheckpointError, `${length}`);
    }
    await Deno.writeFile(path, bytes.map((byte, at) => at === 3 ? byte ^ 1 : byte));
    await assert.rejects(() => read(path), CheckpointError);
  }));

Deno.test("a size beyond 8 GiB is written as GNU tar writes it, and read again", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "large.tar");
    const size = 9 * 2 ** 30;
    {
      using file = await Deno.create(path);
      await file.write(tarHeader("large", size));
      // A hole takes no room.
      await file.truncate(tarBlock + size + tarEnd.byteLength);
    }
    assert.deepEqual(await read(path), [{ name: "large", size, start: tarBlock }]);
    const { stdout } = await new Deno.Command("tar", { args: ["-tvf", path] }).output();
    assert.match(new TextDecoder().decode(stdout), new RegExp(`${size} .* large\n$`));
  }));
