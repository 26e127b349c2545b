import assert from "node:assert/strict";
import { tensor } from "../tensor/tensor.ts";
import { createRun, type Work } from "./run.ts";
import type { GenerateEvent } from "./types.ts";

type Step = Extract<GenerateEvent, { type: "step" }>;

/** Work of `total` steps; the latents of step i are [i]. */
function stepping(total: number): Work<string> {
  return async function* () {
    for (let step = 1; step <= total; step++) {
      await Promise.resolve();
      const latents = () => tensor("float32", [1], Float32Array.of(step));
      const event = { type: "step", run: 0, stage: "decoder", step, total, seconds: 0, latents } as const;
      yield { ...event, preview: () => Promise.reject(new Error("not asked for")) };
    }
    return "done";
  };
}

const create = (total: number) => createRun(stepping(total), { enqueue: (task) => task() });
const latentsOf = (event: GenerateEvent) => (event as Step).latents().data[0];

Deno.test("every loop that was there gets the latents of every step, and so does whoever keeps the event", async () => {
  const run = create(5);
  const kept: GenerateEvent[] = [];
  const watch = async (pause: number) => {
    const seen: (number | undefined)[] = [];
    for await (const event of run) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      seen.push(latentsOf(event) as number);
      kept.push(event);
    }
    return seen;
  };
  assert.deepEqual(await Promise.all([watch(0), watch(20)]), [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]);
  assert.deepEqual(kept.map(latentsOf).sort(), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
});

Deno.test("a run lets go of latents that every loop has seen: one that comes late gets the steps without", async () => {
  const run = create(3);
  assert.equal(await run, "done");
  const steps: number[] = [];
  for await (const event of run) {
    steps.push((event as Step).step);
    assert.throws(() => latentsOf(event), /Expected the latents of decoder \d\/3 .* past latents are not kept/);
    assert.equal((event as Step).preview, undefined);
  }
  assert.deepEqual(steps, [1, 2, 3]);
});

Deno.test("a run lets go of latents while it goes on", async () => {
  const run = create(4);
  const late: boolean[] = [];
  for await (const event of run) {
    if ((event as Step).step !== 3) continue;
    // A second loop begins in the middle: what the first has taken is gone, what is to come is not.
    for await (const again of run) {
      late.push(Boolean((again as Step).preview));
      if ((again as Step).step === 4) assert.equal(latentsOf(again), 4);
    }
  }
  assert.deepEqual(late, [false, false, false, true]);
});
