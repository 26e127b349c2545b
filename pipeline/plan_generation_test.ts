import assert from "node:assert/strict";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { operationsOf } from "./operations.ts";
import { loadPipeline } from "./pipeline.ts";
import { planGeneration } from "./plan_generation.ts";
import type { GenerateOptions } from "./types.ts";

Deno.test("planGeneration() forecasts the evaluations and operations that the run then takes", async () => {
  await using pipeline = await loadPipeline(tinyModel, { keepLoaded: true, hashWeights: false });
  const requests: GenerateOptions[] = [
    { ...quick, prompt: "a fox", seed: 1 },
    { ...quick, prompt: "a fox", seed: 1, priorScheduler: "heun" },
    {
      ...quick,
      prompt: "a fox",
      seed: 1,
      priorSteps: 4,
      priorGuidanceSchedule: { kind: "interval", from: 1, to: 0.7 },
    },
    { ...quick, prompt: ["a fox", "a hat"], seed: 1, priorGuidance: 1, imagesPerPrompt: 2, priorStopStep: 2 },
  ];
  const evaluated = [];
  for (const request of requests) {
    const { work, costs } = await planGeneration(pipeline, request);
    const { timings } = await pipeline.generate(request);
    for (const { stage, evaluations, flops } of work) {
      assert.equal(timings.stages[stage]!.evaluations, evaluations, stage);
      assert.equal(operationsOf(costs[stage]!, evaluations), flops);
      assert.ok(flops > 0 && Number.isFinite(flops), stage);
    }
    evaluated.push(work.find(({ stage }) => stage === "prior")!.evaluations);
  }
  assert.deepEqual(evaluated, [6, 12, 6, 8]);
});
