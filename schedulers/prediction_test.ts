import assert from "node:assert/strict";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { alphaOfLogSnr } from "./noise_level.ts";
import { predictionOf } from "./prediction.ts";

Deno.test("what a network predicts says the same of a sample in each of its forms", () => {
  const [clean, noise] = [Float32Array.of(0.5, -1, 2), Float32Array.of(1, 0.25, -2)];
  for (const alphaCumprod of [0.0001, 0.3, 0.9999]) {
    const [a, b] = [Math.sqrt(alphaCumprod), Math.sqrt(1 - alphaCumprod)];
    const sample = clean.map((x, i) => a * x + b * noise[i]!);
    const outputs = { epsilon: noise, sample: clean, v_prediction: noise.map((e, i) => a * e - b * clean[i]!) };
    for (const [name, modelOutput] of Object.entries(outputs)) {
      const prediction = predictionOf(name);
      assertClose(
        prediction.clean({ modelOutput, sample }, alphaCumprod),
        clean,
        2e-5,
        `${name} clean ${alphaCumprod}`,
      );
      assertClose(
        prediction.noise({ modelOutput, sample }, alphaCumprod),
        noise,
        2e-5,
        `${name} noise ${alphaCumprod}`,
      );
    }
  }
});

Deno.test("an unknown kind of prediction is a ConfigError that lists the known ones", () => {
  assert.throws(() => predictionOf("flow"), {
    name: "ConfigError",
    message: 'Expected prediction_type to be epsilon or sample or v_prediction but found "flow"',
  });
  assert.equal(predictionOf().name, "epsilon");
});

Deno.test("clean() and noise() equal undiffuse() of Stable Cascade's official code for each target", () => {
  const { tensor, atol } = readFixture("../cascade_scheduler/gdf_diffuse");
  const [sample, modelOutput] = [tensor("x0").data, tensor("pred").data];
  const levels = Array.from(tensor("epsilon_shift2.logSNR").data, alphaOfLogSnr);
  const size = sample.length / levels.length;
  for (const [target, name] of [["epsilon", "epsilon"], ["x0", "sample"], ["v", "v_prediction"]] as const) {
    for (const [i, alphaCumprod] of levels.entries()) {
      const part = ({ buffer, byteOffset }: Float32Array) => new Float32Array(buffer, byteOffset + 4 * i * size, size);
      const predicted = { modelOutput: part(modelOutput), sample: part(sample) };
      for (const [key, method] of [["undiffuse_x0", "clean"], ["undiffuse_eps", "noise"]] as const) {
        const wanted = part(tensor(`${target}.${key}`).data);
        assertClose(
          predictionOf(name)[method](predicted, alphaCumprod),
          wanted,
          atol(`${target}.${key}`),
          `${target} ${key} ${i}`,
        );
      }
    }
  }
});
