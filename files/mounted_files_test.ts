import assert from "node:assert/strict";
import { mountedEntry, mountFiles } from "./mounted_files.ts";
import { statIfThere } from "./stat_if_there.ts";

const files = new Map([["a/config.json", new Blob(["{}"])], ["a/b/weights", new Blob([Uint8Array.of(1, 2, 3)])]]);

Deno.test("a mounted folder has its files, and folders on the way to them", async () => {
  using folder = mountFiles(files);
  assert.deepEqual(mountedEntry(folder.path)?.names, ["a"]);
  assert.deepEqual(mountedEntry(`${folder.path}/a/`)?.names, ["config.json", "b"]);
  assert.equal(mountedEntry(`C:\\${folder.path.slice(1)}\\a\\b\\weights`)?.file?.size, 3);
  const facts = async (path: string) => {
    const { isFile, isDirectory, size } = await statIfThere(`${folder.path}${path}`) ?? {};
    return [isFile, isDirectory, size];
  };
  assert.deepEqual(await facts("/a/config.json"), [true, false, 2]);
  assert.deepEqual(await facts("/a/b"), [false, true, 0]);
  assert.deepEqual(await facts("/a/config"), [undefined, undefined, undefined]);
});

Deno.test("two mounted folders have nothing in common, and one that is disposed of is gone", async () => {
  using first = mountFiles(files);
  let path;
  {
    using second = mountFiles(new Map());
    path = second.path;
    assert.notEqual(path, first.path);
    assert.deepEqual(mountedEntry(path), { file: undefined, names: [] });
  }
  assert.equal(mountedEntry(path), undefined);
  assert.equal(await statIfThere(path), undefined);
});
