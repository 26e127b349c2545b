import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { planGeneration } from "../pipeline/plan_generation.ts";
import { quantizeModel } from "../pipeline/quantize_model.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { readModelConfigs } from "./_model_configs.ts";
import { planMemory, type PlannedMemory } from "./_plan_memory.ts";
import type { PlanFlags } from "./plan.ts";

const planned = async (name: string, flags: PlanFlags = {}) =>
  await planMemory(await readModelConfigs(name, {}), flags);

const peak = ({ networks }: PlannedMemory) => Math.max(...[...networks.values()].map(({ memory }) => memory));

const memoryOf = ({ networks }: PlannedMemory, row: string) => networks.get(row)!.memory;

async function run(...args: string[]) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, { args: [...first, "plan", ...args] }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  return { code, out, err };
}

Deno.test("plan says the memory that painting forecasts, in the precision that is asked for", async () => {
  const size = { width: 256, height: 256 };
  const rows = await planned("emoji", size);
  await using pipeline = await loadPipeline("emoji", { hashWeights: false });
  const { memory } = await planGeneration(pipeline, { prompt: "a fox", ...size });
  assert.equal(peak(rows), memory.peak);
  const small = await planned("emoji", { ...size, precision: "int8" });
  assert.ok(memoryOf(small, "decoder") < memoryOf(rows, "decoder"));
});

Deno.test("plan keeps to --max-memory by tiles, and says so", async () => {
  const size = { width: 2048, height: 2048 };
  const most = 0.9 * peak(await planned("emoji", size));
  const less = await planned("emoji", { ...size, maxMemory: Math.floor(most) });
  assert.ok(peak(less) <= most);
  assert.match(less.how, /^Stage A in tiles of \d+ px$/);
});

Deno.test("the published sizes are planned in any precision, within a memory and on a card, without files", async () => {
  const size = { width: 512, height: 512 };
  const plain = await planned("wuerstchen-v2", size);
  const small = await planned("wuerstchen-v2", { ...size, precision: { prior: "int8" } });
  assert.ok(memoryOf(small, "prior") < 0.4 * memoryOf(plain, "prior"));
  assert.equal(memoryOf(small, "decoder"), memoryOf(plain, "decoder"));
  // Most of Stage C is products in 8 bits then; attention is not.
  const [before, after] = [plain.work.get("prior")!(2), small.work.get("prior")!(2)];
  assert.equal(before.byteFlops, 0);
  assert.ok(after.byteFlops > 0.85 * after.flops && after.byteFlops < after.flops);
  const kept = await planned("wuerstchen-v2", { ...size, maxMemory: 2e9 });
  assert.ok(peak(kept) <= 2e9);
  assert.equal(kept.how, "weights in int8");
  assert.deepEqual(kept.fits.map(({ way }) => way), [{ precision: "int8" }, { precision: "fp32" }, {
    precision: "fp32",
  }]);

  const card = await planned("wuerstchen-v2", { ...size, device: "cuda", precision: "fp16" });
  assert.ok([...card.networks.values()].every(({ device }) => device === "cuda"));
  assert.ok(peak(card) < peak(plain));
  assert.deepEqual(card.fits.map(({ way }) => way), [undefined, { precision: "fp16" }, { precision: "fp32" }]);
});

Deno.test("a model that was written in fewer bits is planned in those alone", () =>
  inTempFolder(async (folder) => {
    const model = join(folder, "model");
    await quantizeModel(tinyModel, model, { precision: "fp16" });
    const { fits } = await planned(model);
    assert.deepEqual(fits.map(({ way }) => way?.precision), ["fp16", "fp16", "fp16"]);
  }));

Deno.test("plan says what it was planned for, and refuses what cannot be", async () => {
  const [mixed, json, refused, wrong, training] = await Promise.all([
    run("emoji", "--device", "prior=cuda"),
    run("emoji", "--device", "cuda", "--json"),
    run("wuerstchen-v2", "--max-memory", "100MB"),
    run("emoji", "--device", "gpu"),
    run("icons.jsonc", "--precision", "int8"),
  ]);
  assert.match(mixed.out, /\n +on +runs .*\n[^]*\nprior +cuda +30 .* \?\n[^]*\nvqgan decode +cpu +1 /);
  assert.match(
    mixed.out,
    /\nmemory of cuda is a forecast that nobody has measured; of times on a device there is none/,
  );
  const plan = JSON.parse(json.out);
  const prior = plan.rows.find(({ name }: { name: string }) => name === "prior");
  assert.deepEqual([prior.device, prior.seconds, plan.seconds], ["cuda", undefined, undefined]);
  assert.deepEqual(plan.fits[0], { room: 2e9, way: { precision: "fp32" } });
  assert.equal(refused.code, 5);
  assert.match(
    refused.err,
    /needs about 4\.0 GB of memory, and at the least 1\.5 GB \(weights in int8\S*, .*\), but maxMemory is 100 MB/,
  );
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /Expected --device to be auto, cpu, cuda/);
  assert.deepEqual([training.code, training.err], [
    2,
    "error: Expected --precision with a model but found the training icons.jsonc\n",
  ]);
});
