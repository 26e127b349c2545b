import assert from "node:assert/strict";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import type { StepInput } from "../plugins/contracts/scheduler.ts";
import { addNoise } from "./add_noise.ts";
import { cosineSchedule } from "./cosine_schedule.ts";
import ddpmWuerstchen from "./ddpm_wuerstchen.ts";
import { predictionOf } from "./prediction.ts";
import { uniformTimesteps } from "./timesteps.ts";

const lists = ["N4", "N12", "N60", "default_stage_c"];
const cases = lists.flatMap((list) => ["0.5", "1.0", "2.0"].map((scaler) => `${list}_scaler${scaler}`));

/** The step of a schedule, without what it does not look at. */
async function stepOf(schedule = cosineSchedule()) {
  const { step } = await ddpmWuerstchen.create(undefined, { schedule, prediction: predictionOf() });
  const predict = () => Promise.reject(new Error("DDPM evaluates once"));
  return (input: Omit<StepInput, "history" | "predict">) => step({ ...input, history: [], predict }) as Float32Array;
}

for (const name of cases) {
  Deno.test(`a run equals diffusers' scheduler: ${name}`, async () => {
    const { manifest, tensor, tensors, atol } = readFixture(`scheduler/${name}`);
    const schedule = cosineSchedule(manifest.config);
    const step = await stepOf(schedule);
    const times = tensor("timesteps").data;
    if (manifest.args.num_inference_steps !== undefined) {
      assert.deepEqual(uniformTimesteps(manifest.args.num_inference_steps), times);
    } else assert.deepEqual(Float32Array.from(manifest.args.timesteps as number[]), times);

    assertClose(
      Array.from(times, schedule.alphaCumprod32),
      tensor("alpha_cumprod").data,
      atol("alpha_cumprod"),
      "alpha_cumprod",
    );
    // The loop walks the list; diffusers looks the next time up, and finds the same.
    assert.deepEqual(times.slice(1), tensor("previous_timestep").data);

    let steps = 0;
    for (const [i, tPrev] of times.subarray(1).entries()) {
      if (!(`prev_sample.${i}` in tensors)) continue;
      steps++;
      const found = step({
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
    const schedule = cosineSchedule(manifest.config);
    const [original, noise, out] = ["original", "noise", "out"].map((part) => tensor(`add_noise.${part}`).data);
    // The reference takes one time per sample, this function one time for all.
    const times = tensor("add_noise.timesteps").data;
    const size = original!.length / times.length;
    for (const [i, t] of times.entries()) {
      const part = [size * i, size * (i + 1)];
      const arrays = { sample: original!.subarray(...part), noise: noise!.subarray(...part) };
      const found = addNoise(arrays, { t, schedule });
      assertClose(found, out!.subarray(...part), atol("add_noise.out"), `${name}, sample ${i}`);
    }
  }
  assert.equal(compared, 4);
});

Deno.test("step() adds no noise at t = 0", async () => {
  const input = { modelOutput: Float32Array.of(0.5), sample: Float32Array.of(-1), t: 0.25 };
  const step = await stepOf();
  const last = step({ ...input, tPrev: 0, noise: Float32Array.of(3) });
  assert.deepEqual(last, step({ ...input, tPrev: 0, noise: Float32Array.of(-7) }));
  assert.notDeepEqual(
    step({ ...input, tPrev: 0.1, noise: Float32Array.of(3) }),
    step({ ...input, tPrev: 0.1, noise: Float32Array.of(-7) }),
  );
});

Deno.test("step() and addNoise() leave their inputs alone and demand one length", async () => {
  const [step, schedule] = [await stepOf(), cosineSchedule()];
  const [modelOutput, sample, noise] = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)];
  step({ modelOutput, sample, noise, t: 1, tPrev: 0.5 });
  addNoise({ sample, noise }, { t: 0.5, schedule });
  assert.deepEqual([[...modelOutput], [...sample], [...noise]], [[1, 2], [3, 4], [5, 6]]);
  assert.throws(() => step({ modelOutput, sample, noise: new Float32Array(3), t: 1, tPrev: 0.5 }), {
    name: "RangeError",
    message: "Expected arrays of one length but found modelOutput 2, sample 2, noise 3",
  });
  assert.throws(() => addNoise({ sample, noise: new Float32Array(1) }, { t: 0.5, schedule }), RangeError);
});

Deno.test("a network that predicts the noise exactly is led back to the data", async () => {
  const [step, schedule] = [await stepOf(), cosineSchedule()];
  const data = Float32Array.of(0.5, -1, 2);
  const times = uniformTimesteps(20);
  let sample = addNoise({ sample: data, noise: Float32Array.of(1, -0.5, 0.25) }, { t: 1, schedule });
  for (const [i, t] of times.subarray(0, -1).entries()) {
    const alpha = schedule.alphaCumprod32(t);
    const modelOutput = sample.map((x, i) => (x - Math.sqrt(alpha) * data[i]!) / Math.sqrt(1 - alpha));
    sample = step({ modelOutput, sample, noise: new Float32Array(3), t, tPrev: times[i + 1]! });
  }
  assertClose(sample, data, 0.03, "data");
});
