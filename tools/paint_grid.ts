/**
 * Paints a grid of samples that nobody chose: line i of a file of prompts with seed i.
 *
 * Run with `deno task paint-grid MODEL PROMPTS GRID [--columns 6]`.
 * @module
 */
import { parseArgs } from "node:util";
import { ConfigError } from "../errors.ts";
import { tileImages } from "../images/grid.ts";
import { encodePng } from "../images/png_encode.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";

/** Paints, and writes the grid. */
async function paintGrid(args: readonly string[]): Promise<void> {
  const { values: { columns }, positionals: [model, prompts, output] } = parseArgs({
    args: [...args],
    options: { columns: { type: "string", default: "6" } },
    allowPositionals: true,
  });
  if (!model || !prompts || !output) {
    throw new ConfigError("Expected a model, a file of prompts and a file for the grid");
  }
  const lines = (await Deno.readTextFile(prompts)).split("\n").filter((line) => line.trim() !== "");
  await using pipeline = await loadPipeline(model);
  const results = await pipeline.generateAll(lines.map((prompt, seed) => ({ prompt, seed })));
  const pictures = results.flatMap(({ images }) => images);
  const labels = lines.map((prompt, seed) => `${seed}: ${prompt}`);
  await Deno.writeFile(output, encodePng(tileImages(pictures, { columns: Number(columns), labels, labelLines: 4 })));
}

await paintGrid(Deno.args);
