import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { experimentSchema } from "./config_schema.ts";
import { writeTinyRun } from "./report/_tiny_run.ts";
import { readRun, RunFolder } from "./run_folder.ts";

const config = experimentSchema.parse({ prompt: "a" });

/** Opens a folder as another run of the same experiment would. */
async function open(folder: string): Promise<RunFolder> {
  return await RunFolder.open(folder, { config, plan: (await readRun(folder)).plan });
}

async function refuses(folder: string, message: RegExp): Promise<void> {
  const plan = { name: "", swept: [], average: [], axes: {}, plugins: [], cells: [], metrics: [] };
  await assert.rejects(
    () => RunFolder.open(folder, { config, plan }),
    (error) => error instanceof ConfigError && message.test(error.message),
  );
}

Deno.test("finished pictures are those whose file is as it was written", () =>
  inTempFolder(async (folder) => {
    await writeTinyRun(folder, { isUnfinished: true });
    await Deno.writeFile(join(folder, "images", "ddim1s1.png"), new Uint8Array(3));
    await Deno.remove(join(folder, "images", "ddim1s2.png"));
    using run = await open(folder);
    const finished = await Promise.all(["ddim1s1", "ddim1s2", "ddim4s1", "heun16s2"].map((id) => run.isFinished(id)));
    assert.deepEqual(finished, [false, false, true, false]);
  }));

Deno.test("a line that was cut off is passed over, and the next one stands alone", () =>
  inTempFolder(async (folder) => {
    await writeTinyRun(folder, { steps: [1], schedulers: ["ddim"], seeds: [1] });
    const file = join(folder, "results.jsonl");
    await Deno.writeTextFile(file, '{"type":"picture","id":', { append: true });
    assert.equal((await readRun(folder)).results.unread, 1);
    {
      using run = await open(folder);
      await run.add({ type: "failure", id: "x", time: "", error: "no" });
      assert.equal(run.results.pictures.size, 1);
    }
    const { results } = await readRun(folder);
    assert.deepEqual([results.unread, results.pictures.size, results.failures.get("x")], [0, 1, "no"]);
  }));

Deno.test("folders of another version, of something else, and files are refused; one run at a time is in a folder", () =>
  inTempFolder(async (folder) => {
    const run = join(folder, "run");
    await writeTinyRun(run, { steps: [1], seeds: [1] });
    {
      using _first = await open(run);
      await refuses(run, /another experiment is running in this folder/);
    }
    await Deno.writeTextFile(join(run, "environment.json"), '{ "format": 99, "environments": [] }');
    await refuses(run, /was made by another version of wuerstchen \(format 99, here 1\)/);
    await assert.rejects(() => readRun(run), /another version/);
    await refuses(folder, /Expected an empty folder, or one of an experiment, but found run in it/);
    await Deno.writeTextFile(join(folder, "file"), "");
    await refuses(join(folder, "file"), /Expected a folder for the run but found a file/);
    await assert.rejects(() => readRun(folder), /Expected the folder of an experiment/);
  }));
