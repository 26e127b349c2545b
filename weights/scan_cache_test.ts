import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { ScanCache, stampFiles } from "./scan_cache.ts";

const scan = { hash: "0f".repeat(32), nonFinite: ["blocks.0.weight"] };
const old = new Date(2020, 1, 1);

/** A state of a file that is long past. */
const stamp = { path: "weights", size: 1, mtime: old.getTime(), ctime: old.getTime(), inode: 5 };

Deno.test("find() gives what was added for files in the same state, also to another process", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "made", "weights.json");
    assert.equal(await new ScanCache(path).find([stamp]), undefined);
    await new ScanCache(path).add([{ files: [stamp], scan }]);
    assert.deepEqual(await new ScanCache(path).find([stamp]), scan);
    for (const change of [{ path: "x" }, { size: 2 }, { mtime: 3 }, { ctime: 4 }, { inode: 6 }]) {
      assert.equal(await new ScanCache(path).find([{ ...stamp, ...change }]), undefined, JSON.stringify(change));
    }
    assert.equal(await new ScanCache(path).find([stamp, stamp]), undefined);
    assert.deepEqual([...Deno.readDirSync(join(folder, "made"))].map(({ name }) => name), ["weights.json"]);
  }));

Deno.test("add() replaces the former state of the same files and keeps the 200 newest", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "weights.json");
    const cache = new ScanCache(path);
    await cache.add([{ files: [stamp], scan }]);
    await cache.add([{ files: [{ ...stamp, size: 2 }], scan }]);
    assert.equal(JSON.parse(await Deno.readTextFile(path)).scans.length, 1);
    await cache.add(Array.from({ length: 200 }, (_, i) => ({ files: [{ ...stamp, path: `${i}` }], scan })));
    assert.equal(JSON.parse(await Deno.readTextFile(path)).scans.length, 200);
    assert.equal(await cache.find([{ ...stamp, size: 2 }]), undefined);
  }));

Deno.test("add() does not remember a file that was written just now, since it may be written again in the same tick", () =>
  inTempFolder(async (folder) => {
    const [path, file] = [join(folder, "weights.json"), join(folder, "model.safetensors")];
    await Deno.writeTextFile(file, "new");
    await new ScanCache(path).add([{ files: await stampFiles([file]), scan }]);
    await assert.rejects(() => Deno.stat(path), Deno.errors.NotFound);
  }));

Deno.test("stampFiles() sees that a file was replaced by one of the same size and time", () =>
  inTempFolder(async (folder) => {
    const [file, other] = [join(folder, "a"), join(folder, "b")];
    await Promise.all([file, other].map((path) => Deno.writeTextFile(path, path.slice(-1))));
    await Promise.all([file, other].map((path) => Deno.utime(path, old, old)));
    const before = await stampFiles([file]);
    assert.deepEqual(await stampFiles([file]), before);
    await Deno.rename(other, file);
    const [after] = await stampFiles([file]);
    assert.deepEqual([after!.size, after!.mtime], [before[0]!.size, before[0]!.mtime]);
    assert.notDeepEqual([after], before);
  }));

Deno.test("a cache that is damaged, a folder, or nowhere is as good as empty, and a damaged one is replaced", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "weights.json");
    for (const text of ["", "{", "[]", '{"version":2,"scans":[]}', '{"version":1,"scans":[{"hash":"x"}]}']) {
      await Deno.writeTextFile(path, text);
      assert.equal(await new ScanCache(path).find([stamp]), undefined, text);
    }
    await new ScanCache(path).add([{ files: [stamp], scan }]);
    assert.deepEqual(await new ScanCache(path).find([stamp]), scan);
    for (const nowhere of [folder, join(path, "inside", "weights.json"), undefined]) {
      await new ScanCache(nowhere).add([{ files: [stamp], scan }]);
      assert.equal(await new ScanCache(nowhere).find([stamp]), undefined);
    }
  }));

Deno.test({
  name: "a cache that may not be read or written is as good as empty",
  permissions: { read: true, write: false },
  async fn() {
    const cache = new ScanCache(join(Deno.cwd(), "weights.json"));
    await cache.add([{ files: [stamp], scan }]);
    assert.equal(await cache.find([stamp]), undefined);
  },
});
