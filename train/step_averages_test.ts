import assert from "node:assert/strict";
import { StepAverages } from "./step_averages.ts";

Deno.test("take() gives means over the steps since the last time, and begins anew", () => {
  const averages = new StepAverages();
  averages.add({ loss: 1 }, { seconds: 0.5 });
  averages.add({ loss: 3 }, { seconds: 1 });
  assert.deepEqual(averages.take(), { means: { loss: 2 }, seconds: 1.5, count: 2 });
  averages.add({ loss: 7 }, { seconds: 2 });
  assert.deepEqual(averages.take(), { means: { loss: 7 }, seconds: 2, count: 1 });
});

Deno.test("a number that joins late, as a discriminator's loss, is averaged over the steps that have it", () => {
  const averages = new StepAverages();
  averages.add({ loss: 1 }, { seconds: 1 });
  averages.add({ loss: 1, discriminator: 4 }, { seconds: 1 });
  assert.equal(averages.take().means["discriminator"], 4);
});
