import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { FileSaver, type WriteFile } from "./_file_saver.ts";

const files = [{ prompt: "a dog", seed: 7, index: 0 }, { prompt: "a dog", seed: 7, index: 1 }];
const writeText = (text: string): WriteFile => (path, options) =>
  writeFileAtomic(path, new TextEncoder().encode(text), options);

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("default names never replace a file", () =>
  inFolder(async (folder) => {
    const saver = new FileSaver({ kind: "free", folder, type: "png" }, files, { force: true });
    const paths = [await saver.save(0, writeText("one")), await saver.save(1, writeText("two"))];
    assert.deepEqual(paths.map((path) => basename(path)), ["a-dog-7.png", "a-dog-7-2.png"]);
    assert.deepEqual(await Promise.all(paths.map((path) => Deno.readTextFile(path))), ["one", "two"]);
    assert.deepEqual(saver.displaced, []);
  }));

Deno.test("a default name that is taken between choice and writing is chosen anew", () =>
  inFolder(async (folder) => {
    const saver = new FileSaver({ kind: "free", folder, type: "png" }, files, { force: false });
    let isFirst = true;
    const path = await saver.save(0, async (path, options) => {
      if (isFirst) await Deno.writeTextFile(path, "somebody else's");
      isFirst = false;
      await writeText("ours")(path, options);
    });
    assert.equal(basename(path), "a-dog-7-2.png");
    assert.equal(await Deno.readTextFile(join(folder, "a-dog-7.png")), "somebody else's");
  }));

Deno.test("a name of the user's choice that is taken meanwhile leaves both files whole", () =>
  inFolder(async (folder) => {
    const wanted = join(folder, "dog.png");
    const saver = new FileSaver({ kind: "fixed", paths: [wanted], type: "png" }, files, { force: false });
    await Deno.writeTextFile(wanted, "somebody else's");
    const path = await saver.save(0, writeText("ours"));
    assert.equal(basename(path), "dog-2.png");
    assert.equal(await Deno.readTextFile(wanted), "somebody else's");
    assert.equal(await Deno.readTextFile(path), "ours");
    assert.equal(saver.displaced.length, 1);
    assert.match(saver.displaced[0]!, /dog\.png was made by somebody else meanwhile.*dog-2\.png$/);
  }));

Deno.test("--force replaces a name of the user's choice", () =>
  inFolder(async (folder) => {
    const wanted = join(folder, "dog.png");
    await Deno.writeTextFile(wanted, "old");
    const saver = new FileSaver({ kind: "fixed", paths: [wanted], type: "png" }, files, { force: true });
    assert.equal(await saver.save(0, writeText("new")), wanted);
    assert.equal(await Deno.readTextFile(wanted), "new");
  }));

Deno.test("any other failure is passed on", () =>
  inFolder(async (folder) => {
    const saver = new FileSaver({ kind: "free", folder: join(folder, "gone"), type: "png" }, files, { force: false });
    await assert.rejects(saver.save(0, writeText("x")), ConfigError);
  }));
