import assert from "node:assert/strict";
import { makeCells } from "../experiments/cells.ts";
import { readExperiment } from "../experiments/experiment.ts";
import { betweenMarks } from "./markdown.ts";
import { marks } from "./precision_docs.ts";

Deno.test("the page has the marks, and the experiment paints 100 prompts in every precision", async () => {
  const page = await Deno.readTextFile(new URL("../docs/precision.md", import.meta.url));
  assert.ok(betweenMarks(page, "x", marks).includes(`${marks[0]}\n\nx\n\n${marks[1]}`));
  const example = new URL("../experiments/examples/precision.jsonc", import.meta.url).pathname;
  const cells = makeCells(await readExperiment(example));
  const groups = Map.groupBy(cells, ({ settings }) => settings["precision"]);
  assert.deepEqual([...groups.keys()], ["fp32", "fp16", "int8", "int4"]);
  for (const own of groups.values()) assert.equal(new Set(own.map(({ settings }) => settings["prompt"])).size, 100);
});
