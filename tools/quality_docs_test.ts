import assert from "node:assert/strict";
import { makeCells } from "../experiments/cells.ts";
import { readExperiment } from "../experiments/experiment.ts";
import { writeTinyRun } from "../experiments/report/_tiny_run.ts";
import { readRun } from "../experiments/run_folder.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { betweenMarks } from "./markdown.ts";
import { marks, qualityTables } from "./quality_docs.ts";

const example = (name: string) => new URL(`../experiments/examples/${name}`, import.meta.url).pathname;

Deno.test("the tables set samplers against steps, with means over seeds and their intervals", () =>
  inTempFolder(async (folder) => {
    await writeTinyRun(folder);
    const tables = qualityTables(await readRun(folder));
    assert.match(tables, /^### psnr \(dB\), higher is better, n = 2$/m);
    assert.match(tables, /^\| priorScheduler \| +priorSteps 1 \| +priorSteps 4 \| +priorSteps 16 \|$/m);
    assert.match(tables, /^\| heun +\| 20\.15 ± 0\.64 \| 22\.15 ± 0\.64 \| +24\.15 ± 0\.64 \|$/m);
    assert.match(tables, /^12 of 12 pictures/m);
  }));

Deno.test("the page has the marks, and the experiment sweeps every sampler that comes along", async () => {
  const page = await Deno.readTextFile(new URL("../docs/quality_and_steps.md", import.meta.url));
  assert.ok(betweenMarks(page, "x", marks).includes(`${marks[0]}\n\nx\n\n${marks[1]}`));
  const cells = makeCells(await readExperiment(example("quality_and_steps.jsonc")));
  const swept = new Set(cells.map(({ settings }) => settings["priorScheduler"]));
  const known = builtinRegistry().list("scheduler").map(({ plugin }) => plugin.name);
  assert.deepEqual([...swept].sort(), known.sort());
  assert.equal(cells.length, 9 * 5 * 3 * 8);
  assert.equal(makeCells(await readExperiment(example("red_apple.yaml"))).length, 1);
});
