import assert from "node:assert/strict";
import { PluginError } from "../errors.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import { uniformTimesteps } from "../schedulers/timesteps.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { planTimes, resolveSampling, type SamplingOptions, takenScales } from "./sampling.ts";

const registry = builtinRegistry();
const schedule = cosineSchedule();
const resolve = (given: SamplingOptions, { steps = 10, hasTimes = false } = {}) =>
  resolveSampling("prior", given, { steps, hasTimes, registry });

Deno.test("only what was given is resolved, under the stage's names, with the scheduler's options filled in", () => {
  assert.deepEqual(resolve({}), {});
  assert.deepEqual(resolve({ scheduler: "ddim", shift: 2 }), {
    priorShift: 2,
    priorScheduler: { name: "ddim", options: { eta: 0 } },
  });
  assert.deepEqual(resolve({ scheduler: { name: "euler" } }), { priorScheduler: { name: "euler" } });
  assert.deepEqual(Object.keys(resolveSampling("decoder", { noiseSeed: 7 }, { steps: 2, hasTimes: false, registry })), [
    "decoderNoiseSeed",
  ]);
});

Deno.test("a wrong option is a ConfigError that names it as it was written", () => {
  const wrong = (given: unknown, message: RegExp, steps = 10) =>
    assert.throws(() => resolve(given as SamplingOptions, { steps }), { name: "ConfigError", message });
  wrong({ shift: 0 }, /^"priorShift": Expected a number greater than 0 but found 0$/);
  wrong({ spacing: "even" }, /^"priorSpacing": Expected one of "uniform", "log-snr", "karras" but found "even"/);
  wrong({ guidanceRescale: 2 }, /^"priorGuidanceRescale": Expected a number of at most 1 but found 2$/);
  wrong({ guidanceSchedule: { kind: "ramp" } }, /^"priorGuidanceSchedule\.to" is missing/);
  wrong({ noiseSeed: 1.5 }, /^"priorNoiseSeed": /);
  wrong({ startStep: 10 }, /^Expected priorStartStep to be below the 10 steps but found 10$/);
  wrong({ startStep: 3, stopStep: 3 }, /^Expected priorStopStep to be an integer from 4 to 10 but found 3$/);
  wrong({ stopStep: 11 }, /from 1 to 10 but found 11$/);
  wrong({ scheduler: "elbow" }, /^Expected a scheduler that is known but found "elbow"/);
  assert.throws(() => resolve({ spacing: "uniform" }, { hasTimes: true }), {
    message: "Expected priorSpacing or priorTimesteps but found both",
  });
});

Deno.test("times are the caller's list, else its spacing, else the scheduler's own, else even; a shift moves any of them", () => {
  const own = { name: "own", timesteps: (n: number) => Array.from({ length: n + 1 }, (_, i) => (1 - i / n) ** 2) };
  const plan = (options: object) => Array.from(planTimes(own, { steps: 4, schedule, times: undefined, ...options }));
  assert.deepEqual(plan({ times: [1, 0.2, 0] }), [1, 0.2, 0]);
  assert.deepEqual(plan({}), [1, 0.5625, 0.25, 0.0625, 0]);
  assert.deepEqual(plan({ spacing: "uniform" }), [...uniformTimesteps(4)]);
  assert.deepEqual(Array.from(planTimes({ name: "x" }, { steps: 4, schedule, times: undefined })), [
    ...uniformTimesteps(4),
  ]);
  const shifted = plan({ times: [1, 0.5, 0], shift: 2 });
  assert(shifted[1]! > 0.5 && shifted[2]! > 0);
  assertClose(plan({ times: [0.9, 0.5, 0.1], shift: 1 }), [0.9, 0.5, 0.1], 1e-9, "no shift");
});

Deno.test("times of a scheduler that are no falling numbers from 1 to 0 are a PluginError that names it", () => {
  const cases: unknown[] = [[1, 0], [1, 0.5, 0.7, 0.2, 0], [2, 1, 0.5, 0.2, 0], [1, NaN, 0.5, 0.2, 0], undefined, 5];
  for (const times of cases) {
    const scheduler = { name: "own", timesteps: () => times as number[] };
    assert.throws(() => planTimes(scheduler, { steps: 4, schedule, times: undefined }), (error: Error) => {
      return error instanceof PluginError &&
        /^scheduler own: Expected timesteps\(4\) to return 5 falling numbers/.test(error.message);
    }, String(times));
  }
});

Deno.test("scales of steps that are not taken do not count", () => {
  assert.deepEqual(takenScales(4, { steps: 4, startStep: 1, stopStep: 3 }), [4, 4]);
  const interval = { kind: "interval", from: 1, to: 0.75 } as const;
  assert.deepEqual(takenScales(4, { steps: 4, guidanceSchedule: interval, startStep: 2 }), [1, 1]);
});
