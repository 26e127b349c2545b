import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError, ResourceError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { writeWholeFolder } from "./whole_folder.ts";

const namesIn = async (folder: string) => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);

Deno.test("writeWholeFolder() gives the folder its name once it is complete", () =>
  inTempFolder(async (folder) => {
    const result = await writeWholeFolder(join(folder, "a"), async (unfinished) => {
      await Deno.writeTextFile(join(unfinished, "x"), "1");
      assert(!(await namesIn(folder)).includes("a"));
      return 7;
    });
    assert.equal(result, 7);
    assert.deepEqual(await namesIn(folder), ["a"]);
    assert.deepEqual(await namesIn(join(folder, "a")), ["x"]);
  }));

Deno.test("writeWholeFolder() replaces nothing, and leaves nothing behind where writing fails", () =>
  inTempFolder(async (folder) => {
    await Deno.mkdir(join(folder, "a"));
    await assert.rejects(writeWholeFolder(join(folder, "a"), () => Promise.resolve()), ConfigError);
    await assert.rejects(writeWholeFolder(join(folder, "no", "b"), () => Promise.resolve()), /make it first/);
    const fail = async (unfinished: string) => {
      await Deno.writeTextFile(join(unfinished, "x"), "1");
      throw new ResourceError(`Cannot write ${unfinished}/x: the disk is full`);
    };
    await assert.rejects(writeWholeFolder(join(folder, "b"), fail), {
      message: `Cannot write ${join(folder, "b")}/x: the disk is full`,
    });
    assert.deepEqual(await namesIn(folder), ["a"]);
  }));
