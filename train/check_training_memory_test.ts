import assert from "node:assert/strict";
import { tinyTraining } from "./_tiny_training.ts";
import { checkTrainingMemory } from "./check_training_memory.ts";
import { networkConfigs } from "./networks.ts";
import { phaseCost } from "./phase_cost.ts";

const vocabulary = { size: 530, eosId: 529, maxLength: 8 };
const vocabularies = { prior: vocabulary, decoder: vocabulary };

function contextOf(...set: string[]) {
  const config = tinyTraining("data", { set });
  return { config, configs: networkConfigs(config, vocabularies), tokens: 8 };
}

Deno.test("a training that does not fit is refused with the phase, the forecast and what would help", async () => {
  const { config, configs } = contextOf("stageB.batch=4");
  await checkTrainingMemory(config, { configs, vocabularies, free: 1e9 });
  await assert.rejects(checkTrainingMemory(config, { configs, vocabularies, free: 2e8 }), {
    name: "ResourceError",
    message:
      /^stageA needs about \d+ MB of memory and 200 MB are free: choose a smaller batch \(stageA\.batch 2 with batches 2\), stageA\.recompute or smaller/,
  });
});

Deno.test("networks of absurd sizes are refused in a moment, without being built", async () => {
  const { config, configs } = contextOf("model.prior.c=200000", "model.prior.depth=100", "model.prior.nhead=1");
  const start = performance.now();
  await assert.rejects(
    checkTrainingMemory(config, { configs, vocabularies, free: 64e9 }),
    /^ResourceError: stageA needs/,
  );
  assert.ok(performance.now() - start < 20_000);
});

Deno.test("the forecast grows with batch, optimiser, average, sizes and accumulation, and shrinks with recompute", () => {
  const memory = (...set: string[]) => phaseCost("stageB", contextOf(...set)).memory;
  const least = memory("stageB.average=0", 'stageB.optimiser={"name":"sgd","learningRate":1}');
  const lion = memory("stageB.average=0", 'stageB.optimiser={"name":"lion","learningRate":1}');
  const plain = memory();
  assert.ok(least < lion && lion < plain);
  assert.ok(
    memory("stageB.batch=30") > plain && memory("stageB.batches=2") > plain && memory("data.buckets={}") > plain,
  );
  assert.ok(memory("stageB.batch=30", "stageB.recompute=true") < memory("stageB.batch=30"));
});

Deno.test("what learns is counted, and a discriminator's operations", () => {
  const plain = phaseCost("stageA", contextOf());
  const judged = phaseCost("stageA", contextOf('stageA.discriminator={"channels":8,"layers":1}'));
  assert.equal(plain.trained, judged.trained);
  assert.ok(judged.stepFlops > plain.stepFlops && judged.memory > plain.memory);
  assert.equal(phaseCost("stageA", contextOf("stageA.batches=3")).stepFlops, 3 * plain.stepFlops);
});
