import assert from "node:assert/strict";
import type { Scheduler } from "../plugins/contracts/scheduler.ts";
import type { Plugin } from "../plugins/define.ts";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import ddim from "../schedulers/ddim.ts";
import lcm from "../schedulers/lcm.ts";
import { predictionOf } from "../schedulers/prediction.ts";
import { shiftTimes } from "../schedulers/spacings.ts";
import stableCascade from "../schedulers/stable_cascade.ts";
import { uniformTimesteps } from "../schedulers/timesteps.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import { denoise, type DenoiseOptions } from "./denoise.ts";
import { guidanceScales, type GuidanceSchedule, isGuided, stack } from "./guidance.ts";

const schedule = cosineSchedule();
const context = { schedule, prediction: predictionOf() };

/** How a run of Stable Cascade's official code is said here. */
interface GdfArgs {
  readonly steps: number;
  readonly cfg: number | [number, number] | null;
  readonly shift: number;
  readonly sampler: "DDPMSampler" | "DDIMSampler" | "LCMSampler";
  readonly sampler_params: { readonly eta?: number };
  readonly cfg_rho?: number;
  readonly cfg_t_start?: number;
  readonly cfg_t_stop?: number;
  readonly t_start?: number;
}

function guidanceOf({ cfg, cfg_t_start: from = 1, cfg_t_stop: to }: GdfArgs): [number, GuidanceSchedule] {
  if (Array.isArray(cfg)) return [cfg[0], { kind: "ramp", to: cfg[1] }];
  return [cfg ?? 1, to === undefined ? { kind: "constant" } : { kind: "interval", from, to }];
}

const gdfCases = [
  "gdf_cfg_ramp",
  "gdf_cfg_window",
  "gdf_ddim",
  "gdf_ddim_eta",
  "gdf_ddpm_b",
  "gdf_ddpm_c",
  "gdf_ddpm_c20",
  "gdf_ddpm_nocfg",
  "gdf_ddpm_rho0",
  "gdf_img2img",
  "gdf_lcm",
  "gdf_vtarget",
];

for (const name of gdfCases) {
  Deno.test(`a run equals Stable Cascade's official code step by step: ${name}`, async () => {
    const { manifest, tensor: read, atol } = readFixture(`../cascade_scheduler/${name}`);
    const args = manifest["args"] as GdfArgs;
    const { steps, shift, sampler, sampler_params: { eta = 0 }, cfg_rho: rescale = 0.7, t_start = 1 } = args;
    const [plugin, options]: [Plugin<"scheduler">, unknown] = sampler === "DDPMSampler"
      ? [stableCascade, { shift, eta: 1 }]
      : sampler === "DDIMSampler"
      ? [ddim, { eta }]
      : [lcm, undefined];
    const prediction = predictionOf(name === "gdf_vtarget" ? "v_prediction" : "epsilon");
    const scheduler = { name: plugin.name, ...await plugin.create(options, { schedule, prediction }) };
    const even = Array.from(uniformTimesteps(steps), (t) => t * t_start);
    const [scale, guidance] = guidanceOf(args);
    // The official code takes the deviation of the whole batch: as one picture it is the same here.
    const size = read("x_init").data.length;
    const at = (name: string, i: number) =>
      tensor("float32", [1, size], read(name).data.slice(i * size, (i + 1) * size));
    let index = 0;
    const loop = denoise({
      schedule,
      prediction,
      stage: "test",
      name,
      scheduler,
      timesteps: sampler === "DDPMSampler" && t_start === 1
        ? scheduler.timesteps!(steps)
        : shiftTimes(even, { shift, schedule }),
      latents: at("x_init", 0),
      scales: guidanceScales(scale, { steps, schedule: guidance }),
      rescale,
      predict(x, { t, guided }) {
        const times = read("noise_cond").data;
        assertClose([t], [times[index * times.length / steps]!], atol("noise_cond"), `noise_cond ${index}`);
        const half = (part: string) =>
          tensor("float32", x.shape, at(part, index).data.map((p, i) => 0.9 * x.data[i]! + p));
        return Promise.resolve(guided ? stack(half("pred_pos"), half("pred_neg")) : half("pred_pos"));
      },
      noise: (i) => at("noise", i),
    });
    for await (const step of loop) {
      assertClose(step.modelOutput, at("pred", index), atol("pred"), `pred ${index}`);
      assertClose(step.latents, at("x", index), atol("x"), `x ${index}`);
      assertClose(step.clean, at("x0", index), atol("x0"), `x0 ${index}`);
      index++;
    }
    assert.equal(index, steps);
  });
}

/** A loop over a network that says 0.1·x, with everything else as given. */
function tinyLoop({ step, ...rest }: Partial<DenoiseOptions> & { step: Scheduler["step"] }) {
  return denoise({
    ...context,
    stage: "prior",
    name: "prior",
    scheduler: { name: "mine", step },
    timesteps: [1, 0.6, 0.3, 0],
    latents: tensor("float32", [1, 2], Float32Array.of(1, -1)),
    scales: [1, 1, 1],
    predict: (x) => Promise.resolve(tensor("float32", x.shape, x.data.map((value) => value / 10))),
    noise: () => tensor("float32", [1, 2]),
    ...rest,
  });
}

async function finish(loop: AsyncGenerator<unknown, Tensor<"float32">>): Promise<Tensor<"float32">> {
  for (;;) {
    const { done, value } = await loop.next();
    if (done) return value;
  }
}

Deno.test("a step is given the clean predictions before it, the newest first, and where it stands", async () => {
  const seen: (readonly number[])[] = [];
  await finish(tinyLoop({
    step({ t, tPrev, history, sample }) {
      seen.push([t, tPrev, ...history.map(({ t }) => t)]);
      return sample;
    },
  }));
  assert.deepEqual(seen, [[1, 0.6], [0.6, 0.3, 1], [0.3, 0, 0.6, 1]]);
});

Deno.test("start and stop choose steps of the list, and two parts make the whole where no history is needed", async () => {
  const { step } = await ddim.create({ eta: 0 }, context);
  const whole = await finish(tinyLoop({ step }));
  const first = await finish(tinyLoop({ step, stop: 2 }));
  const second = await finish(tinyLoop({ step, start: 2, latents: first }));
  assert.notDeepEqual(first.data, whole.data);
  assert.deepEqual(second.data, whole.data);
});

Deno.test("the network is asked for its guided halves only in steps whose scale is above 1", async () => {
  const asked: boolean[] = [];
  await finish(tinyLoop({
    step: ({ sample }) => sample,
    scales: [4, 1, 0],
    predict(x, { guided }) {
      asked.push(guided);
      return Promise.resolve(guided ? stack(x, x) : x);
    },
  }));
  assert.deepEqual(asked, [true, false, false]);
});

Deno.test("a scheduler that throws, or returns what is no sample, is named in a PluginError", async () => {
  const fails = (step: unknown, message: RegExp, name = "PluginError") =>
    assert.rejects(finish(tinyLoop({ step: step as Scheduler["step"] })), { name, message });
  await fails(() => {
    throw new TypeError("no such thing");
  }, /^scheduler mine: no such thing$/);
  await fails(
    () => new Float32Array(3),
    /^scheduler mine: Expected step\(\) to return a Float32Array of 2 numbers but found one of 3$/,
  );
  await fails(() => undefined, /found undefined$/);
  await fails(
    ({ sample }: { sample: Float32Array }) => sample.map(() => NaN),
    /latents\.0 became NaN in scheduler mine/,
    "NumericError",
  );
});

Deno.test("what the network throws inside a step is not blamed on the scheduler", async () => {
  let calls = 0;
  const loop = tinyLoop({
    step: ({ sample, predict, tPrev }) => predict(sample, tPrev),
    predict: (x) => ++calls % 2 === 1 ? Promise.resolve(x) : Promise.reject(new RangeError("out of memory")),
  });
  await assert.rejects(finish(loop), { name: "RangeError", message: "out of memory" });
});

Deno.test("guidanceScales() are constant, an interval of places, or a ramp", () => {
  const scales = (schedule?: GuidanceSchedule) => guidanceScales(4, { steps: 4, schedule });
  assert.deepEqual(scales(), [4, 4, 4, 4]);
  assert.deepEqual(scales({ kind: "interval", from: 0.75, to: 0.5 }), [1, 4, 4, 1]);
  assert.deepEqual(scales({ kind: "ramp", to: 0 }), [4, 3, 2, 1]);
  assert.deepEqual(scales({ kind: "ramp", to: 0 }).map(isGuided), [true, true, true, false]);
});
