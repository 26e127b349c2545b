import assert from "node:assert/strict";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { ConfigError } from "../errors.ts";
import { ddpmWuerstchen } from "./ddpm_wuerstchen.ts";

const lists = ["N4", "N12", "N60", "default_stage_c"];
const cases = lists.flatMap((list) => ["0.5", "1.0", "2.0"].map((scaler) => `${list}_scaler${scaler}`));

for (const name of cases) {
  Deno.test(`ddpmWuerstchen() equals diffusers' scheduler: ${name}`, () => {
    const { manifest, tensor, tensors, atol } = readFixture(`scheduler/${name}`);
    const scheduler = ddpmWuerstchen(manifest.config);
    const times = tensor("timesteps").data;
    if (manifest.args.num_inference_steps !== undefined) {
      assert.deepEqual(scheduler.timesteps(manifest.args.num_inference_steps), times);
    } else assert.deepEqual(Float32Array.from(manifest.args.timesteps as number[]), times);

    assertClose(
      Array.from(times, scheduler.alphaCumprod),
      tensor("alpha_cumprod").data,
      atol("alpha_cumprod"),
      "alpha_cumprod",
    );
    const previous = Array.from(times.subarray(0, -1), (t) => scheduler.previousTimestep(times, t));
    assert.deepEqual(previous, Array.from(tensor("previous_timestep").data));
    const between = tensor("offgrid_timestep").data[0]!;
    assert.equal(scheduler.previousTimestep(times, between), tensor("offgrid_previous_timestep").data[0]);

    let steps = 0;
    for (const [i, tPrev] of previous.entries()) {
      if (!(`prev_sample.${i}` in tensors)) continue;
      steps++;
      const found = scheduler.step({
        modelOutput: tensor(`model_output.${i}`).data,
        sample: tensor(`sample.${i}`).data,
        noise: tensor(`noise.${i}`).data,
        t: times[i]!,
        tPrev,
      });
      assertClose(found, tensor(`prev_sample.${i}`).data, atol(`prev_sample.${i}`), `prev_sample.${i}`);
    }
    assert(steps >= 4, `${steps} steps compared`);
  });
}

Deno.test("addNoise() equals diffusers' add_noise()", () => {
  let compared = 0;
  for (const name of cases) {
    const { manifest, tensor, tensors, atol } = readFixture(`scheduler/${name}`);
    if (!("add_noise.out" in tensors)) continue;
    compared++;
    const { addNoise } = ddpmWuerstchen(manifest.config);
    const [original, noise, out] = ["original", "noise", "out"].map((part) => tensor(`add_noise.${part}`).data);
    // The reference takes one time per sample, this function one time for all.
    const times = tensor("add_noise.timesteps").data;
    const size = original!.length / times.length;
    for (const [i, t] of times.entries()) {
      const part = [size * i, size * (i + 1)];
      const found = addNoise(original!.subarray(...part), noise!.subarray(...part), t);
      assertClose(found, out!.subarray(...part), atol("add_noise.out"), `${name}, sample ${i}`);
    }
  }
  assert.equal(compared, 4);
});

Deno.test("alphaCumprod() equals diffusers' on a fine grid", () => {
  const { tensor, atol } = readFixture("scheduler/alpha_grid");
  for (const scaler of [0.5, 1, 2]) {
    const name = `alpha_cumprod.scaler${scaler.toFixed(1)}`;
    const found = Array.from(tensor("t").data, ddpmWuerstchen({ scaler }).alphaCumprod);
    assertClose(found, tensor(name).data, atol(name), name);
  }
});

Deno.test("timesteps() rounds as torch.linspace does, also where halves meet", () => {
  // torch.linspace(1, 0, 10) of torch 2.15: element 3 is 0.6666667, one rounding away from the naive 0.6666666.
  const { timesteps } = ddpmWuerstchen();
  assert.deepEqual(timesteps(9), Float32Array.from([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], (i) => i / 9));
  assert.deepEqual([...timesteps(1)], [1, 0]);
  for (const n of [2, 7, 30, 59, 1000]) {
    const times = timesteps(n);
    assert.deepEqual([times.length, times[0], times[n]], [n + 1, 1, 0]);
    assert(times.every((t, i) => i === 0 || t < times[i - 1]!));
  }
});

Deno.test("timesteps() refuses a number of steps that is not an integer from 1 to 1000000", () => {
  for (const n of [0, -1, 1.5, NaN, Infinity, 1e9]) {
    assert.throws(() => ddpmWuerstchen().timesteps(n), {
      name: "ConfigError",
      message: `Expected steps to be an integer from 1 to 1000000 but found ${n}`,
    });
  }
});

Deno.test("step() adds no noise at t = 0", () => {
  const input = { modelOutput: Float32Array.of(0.5), sample: Float32Array.of(-1), t: 0.25 };
  const { step } = ddpmWuerstchen();
  const last = step({ ...input, tPrev: 0, noise: Float32Array.of(3) });
  assert.deepEqual(last, step({ ...input, tPrev: 0, noise: Float32Array.of(-7) }));
  assert.notDeepEqual(
    step({ ...input, tPrev: 0.1, noise: Float32Array.of(3) }),
    step({ ...input, tPrev: 0.1, noise: Float32Array.of(-7) }),
  );
});

Deno.test("step() and addNoise() leave their inputs alone and demand one length", () => {
  const { step, addNoise } = ddpmWuerstchen();
  const [modelOutput, sample, noise] = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)];
  step({ modelOutput, sample, noise, t: 1, tPrev: 0.5 });
  addNoise(sample, noise, 0.5);
  assert.deepEqual([[...modelOutput], [...sample], [...noise]], [[1, 2], [3, 4], [5, 6]]);
  assert.throws(() => step({ modelOutput, sample, noise: new Float32Array(3), t: 1, tPrev: 0.5 }), {
    name: "RangeError",
    message: "Expected arrays of one length but found modelOutput 2, sample 2, noise 3",
  });
  assert.throws(() => addNoise(sample, new Float32Array(1), 0.5), RangeError);
});

Deno.test("a network that predicts the noise exactly is led back to the data", () => {
  const { timesteps, previousTimestep, alphaCumprod, addNoise, step } = ddpmWuerstchen();
  const data = Float32Array.of(0.5, -1, 2);
  const times = timesteps(20);
  let sample = addNoise(data, Float32Array.of(1, -0.5, 0.25), 1);
  for (const t of times.subarray(0, -1)) {
    const alpha = alphaCumprod(t);
    const modelOutput = sample.map((x, i) => (x - Math.sqrt(alpha) * data[i]!) / Math.sqrt(1 - alpha));
    sample = step({ modelOutput, sample, noise: new Float32Array(3), t, tPrev: previousTimestep(times, t) });
  }
  assertClose(sample, data, 0.03, "data");
});

Deno.test("previousTimestep() takes the first of two equally near entries and none after the last", () => {
  const { previousTimestep } = ddpmWuerstchen();
  assert.equal(previousTimestep([1, 0.5, 0.25], 0.75), 0.5);
  assert.equal(previousTimestep([1, 0.5, 0.25], 0.6), 0.25);
  assert.throws(
    () => previousTimestep([1, 0.5, 0.25], 0.1),
    /Expected a timestep before the last of the list but found 0.1/,
  );
});

Deno.test("an option out of its range is a ConfigError", () => {
  for (const options of [{ s: -0.1 }, { s: NaN }, { s: Infinity }, { scaler: 0 }, { scaler: -1 }, { scaler: NaN }]) {
    assert.throws(() => ddpmWuerstchen(options), ConfigError, JSON.stringify(options));
  }
});
