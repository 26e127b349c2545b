import assert from "node:assert/strict";
import { commandLine } from "../tests/command_line.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { planGeneration } from "../pipeline/plan_generation.ts";
import { planMemory } from "./_plan_memory.ts";

Deno.test("plan says the memory that painting forecasts, in the precision that is asked for", async () => {
  const rows = await planMemory("emoji", { width: 256, height: 256 });
  await using pipeline = await loadPipeline("emoji", { hashWeights: false });
  const { memory } = await planGeneration(pipeline, { prompt: "a fox", width: 256, height: 256 });
  assert.equal(Math.max(...rows.values()), memory.peak);
  const small = await planMemory("emoji", { width: 256, height: 256, precision: "int8" });
  assert.ok(small.get("decoder")! < rows.get("decoder")!);
});

Deno.test("plan keeps to --max-memory by tiles, and refuses what cannot be done", async () => {
  const size = { width: 2048, height: 2048 };
  const plain = await planMemory("emoji", size);
  const peak = Math.max(...plain.values());
  const less = await planMemory("emoji", { ...size, maxMemory: Math.floor(0.9 * peak) });
  assert.ok(Math.max(...less.values()) <= 0.9 * peak);

  const [command, ...first] = commandLine();
  const run = async (...args: string[]) => {
    const { code, stderr } = await new Deno.Command(command, { args: [...first, "plan", ...args] }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  };
  const refused = await run("emoji", "--max-memory", "100MB");
  assert.equal(refused.code, 5);
  assert.match(refused.err, /needs about \d+ MB of memory, and at the least \d+ MB .*, but maxMemory is 100 MB/);
  const away = await run("wuerstchen-v2", "--precision", "int8");
  assert.equal(away.code, 2);
  assert.match(away.err, /Expected --precision with a model whose files are on this machine/);
});
