import assert from "node:assert/strict";
import { makeCells } from "../experiments/cells.ts";
import { readExperiment } from "../experiments/experiment.ts";
import { splitSettings } from "../experiments/models.ts";
import { presetNames } from "../pipeline/presets.ts";
import { betweenMarks } from "./markdown.ts";
import { marks, presetTable } from "./presets_docs.ts";

Deno.test("the page has the marks, and the experiment paints every preset, with its precision", async () => {
  const page = await Deno.readTextFile(new URL("../docs/presets.md", import.meta.url));
  assert.ok(betweenMarks(page, "x", marks).includes(`${marks[0]}\n\nx\n\n${marks[1]}`));
  const example = new URL("../experiments/examples/presets.jsonc", import.meta.url).pathname;
  const cells = makeCells(await readExperiment(example));
  assert.equal(cells.length, 240);
  const swept = new Set(cells.map(({ settings }) => settings["preset"]));
  assert.deepEqual([...swept], [...presetNames]);
  for (const { settings } of cells) {
    const { load, generate } = splitSettings(settings);
    assert.equal(load.preset, settings["preset"]);
    assert.equal(generate.preset, settings["preset"]);
  }
});

Deno.test("the table says what presets stand for", () => {
  assert.match(presetTable(), /^\| draft +\| Stage C 8 steps of dpmpp-2m, .*weights in int8 \|$/m);
});
