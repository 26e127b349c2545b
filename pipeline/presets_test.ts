import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { tensor } from "../tensor/tensor.ts";
import { modelDefaults, resolveOptions } from "./options.ts";
import { loadPipeline } from "./pipeline.ts";
import { describePreset, presetNames, presets } from "./presets.ts";
import type { GenerateOptions, HandOver, ResolvedOptions } from "./types.ts";

const defaults = modelDefaults({ prior_steps: 30, prior_timesteps: [1, 0.5, 0] });
const resolve = (options: Partial<GenerateOptions>) =>
  resolveOptions({ prompt: "a fox", seed: 1, ...options }, defaults);

Deno.test("every preset resolves to its samplers and steps, in place of the model's own times", () => {
  for (const name of presetNames) {
    const { prior, decoder } = presets[name];
    const options = resolve({ preset: name });
    assert.equal(options.priorSteps, prior.steps);
    assert.equal(options.priorTimesteps, undefined);
    assert.equal(options.priorScheduler?.name, prior.scheduler);
    assert.deepEqual(options.priorGuidanceSchedule, prior.guidanceSchedule);
    assert.equal(options.decoderSteps, decoder.steps);
    assert.equal(options.priorGuidance, defaults.priorGuidance, "scales are the model's");
    assert.ok(!("preset" in options), "what it came to is said, not its name");
    assert.match(describePreset(name), new RegExp(`^Stage C ${prior.steps} steps of ${prior.scheduler}`));
  }
});

Deno.test("presets take longer from draft to quality", () => {
  const steps = presetNames.map((name) => presets[name].prior.steps + presets[name].decoder.steps);
  assert.deepEqual(steps, steps.toSorted((a, b) => a - b));
});

Deno.test("options win over the preset, and the preset over what is repeated", () => {
  const own = resolve({ preset: "draft", priorSteps: 5, priorScheduler: "ddim", decoderTimesteps: [1, 0.4, 0] });
  assert.deepEqual([own.priorSteps, own.priorScheduler?.name, own.decoderSteps], [5, "ddim", 2]);
  const earlier = { ...resolve({ priorScheduler: "euler", priorShift: 2, priorTimesteps: [1, 0.3, 0] }), width: 64 };
  const repeats = {
    options: earlier,
    model: { name: "", weights: {} },
    threads: 1,
    version: "",
    runtime: "",
    index: 0,
  };
  const again = resolve({ preset: "balanced", repeats });
  assert.deepEqual([again.priorScheduler?.name, again.priorShift, again.priorTimesteps], [
    "dpmpp-2m",
    undefined,
    undefined,
  ]);
  assert.deepEqual([again.priorSteps, again.width], [presets.balanced.prior.steps, 64]);
});

Deno.test("a run that goes on from Stage C's result takes the preset for Stage B alone", () => {
  const options: ResolvedOptions = resolve({ priorScheduler: "euler", priorSteps: 7, decoderScheduler: "ddim" });
  const from: HandOver = {
    kind: "image_embeddings",
    tensor: tensor("float32", [1, 16, 2, 2]),
    options,
    generators: [],
    model: { name: "", weights: {} },
  };
  const { priorScheduler, priorSteps, decoderScheduler, decoderSteps } = resolve({
    seed: undefined,
    preset: "draft",
    from,
  });
  assert.deepEqual([priorScheduler?.name, priorSteps], ["euler", 7]);
  assert.deepEqual([decoderScheduler?.name, decoderSteps], ["dpmpp-2m", presets.draft.decoder.steps]);
});

Deno.test("an unknown preset is refused, naming all", () => {
  assert.throws(
    () => resolve({ preset: "best" as "draft" }),
    new ConfigError('Expected preset to be draft or balanced or quality but found "best"'),
  );
});

Deno.test("a preset's precision holds where none is chosen", async () => {
  const open = async (options: Parameters<typeof loadPipeline>[1]) => {
    await using pipeline = await loadPipeline(tinyModel, { hashWeights: false, ...options });
    return pipeline.parts.prior.stage.network.precision;
  };
  assert.equal(await open({ preset: "draft" }), presets.draft.precision);
  assert.equal(await open({ preset: "draft", precision: "fp32" }), "fp32");
  assert.equal(await open({ preset: "quality" }), "fp32");
});
