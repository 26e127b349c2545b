import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { drawSquares, tinyTraining } from "../train/_tiny_training.ts";
import { planTraining } from "../train/plan.ts";
import { train } from "../train/trainer.ts";
import { formatPlan } from "./_run_plan.ts";
import { main } from "./main.ts";

const row = {
  name: "prior",
  runs: 30,
  parameters: 4e6,
  disk: 16e6,
  device: "cpu",
  memory: 217e6,
  flops: 7.64e9,
  seconds: 0.6,
} as const;

Deno.test("formatPlan() is a table with what everything comes to", () => {
  const all = { disk: 25e6, memory: 228e6, flops: 7.64e9, seconds: 0.6 };
  const plan = { what: "emoji", download: 0, rows: [row], ...all, how: "", notices: [] };
  assert.equal(
    formatPlan(plan, { speed: { float: 15e10, byte: 5e11 } }),
    `emoji: nothing to download; matrix products run at 150 GFLOP/s here, in 8 bits at 500 GFLOP/s

       runs  parameters   disk  memory  operations    time
prior    30   4,000,000  16 MB  217 MB  7.64 GFLOP  0.60 s
all                      25 MB  228 MB  7.64 GFLOP  0.60 s
`,
  );
  assert.match(
    formatPlan({ ...plan, download: 12.4e9 }, { speed: { float: 1e12, byte: 2e12 } }),
    /^emoji: 12\.4 GB to download; .* 1\.00 TFLOP\/s/,
  );
  const fits = [{ room: 2e9 }, { room: 4e9, way: { precision: "fp16", tile: 512 } }];
  const onCard = {
    ...plan,
    rows: [{ ...row, device: "cuda" as const, seconds: undefined }],
    seconds: undefined,
    fits,
    how: "weights in fp16",
  };
  assert.equal(
    formatPlan(onCard, { speed: { float: 15e10, byte: 5e11 } }),
    `emoji: nothing to download; matrix products run at 150 GFLOP/s here, in 8 bits at 500 GFLOP/s

       runs  parameters   disk  memory of cuda  operations  time
prior    30   4,000,000  16 MB          217 MB  7.64 GFLOP     ?
all                      25 MB          228 MB  7.64 GFLOP     ?

kept to --max-memory by weights in fp16
what fits, one network at a time: in 2.0 GB nothing; in 4.0 GB fp16, tiles
memory of cuda is a forecast that nobody has measured; of times on a device there is none
`,
  );
});

/** Bytes of all weight files below a folder. */
async function weightBytes(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) bytes += await weightBytes(path);
    else if (name.endsWith(".safetensors")) bytes += (await Deno.stat(path)).size;
  }
  return bytes;
}

Deno.test("planTraining() counts what the run itself logs, and its checkpoint's bytes", () =>
  inTempFolder(async (folder) => {
    await drawSquares(join(folder, "data"));
    const config = tinyTraining(join(folder, "data"));
    const plan = await planTraining(config);
    const events = await Array.fromAsync(train(config, { folder: join(folder, "run") }));
    const logged = events.filter(({ type }) => type === "phase").map((event) => {
      const { phase, steps, flops } = event as unknown as Record<string, unknown>;
      return [phase, steps, flops];
    });
    assert.deepEqual(plan.phases.map(({ phase, steps, stepFlops }) => [phase, steps, stepFlops]), logged);
    const start = events.find(({ type }) => type === "start") as unknown as { parameters: unknown };
    assert.deepEqual(plan.parameters, start.parameters);
    // The largest phase is Stage B; what stays is one of Stage C, with less of a state.
    const bytes = await weightBytes(join(folder, "run", "checkpoints", "stageC-0000004"));
    assert.ok(
      bytes > plan.checkpointBytes / 2 && bytes < plan.checkpointBytes * 1.25,
      `${bytes} of ${plan.checkpointBytes}`,
    );
    const model = await weightBytes(join(folder, "run", "model"));
    assert.ok(Math.abs(model / plan.modelBytes - 1) < 0.25, `${model} of ${plan.modelBytes}`);
  }));

Deno.test("plan of a size that a model cannot paint exits with 2", async () => {
  assert.equal(await main(["plan", "emoji", "-W", "63"]), 2);
});
