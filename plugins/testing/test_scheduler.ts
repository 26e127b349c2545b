import { cosineSchedule } from "../../schedulers/cosine_schedule.ts";
import { noiseLevel } from "../../schedulers/noise_level.ts";
import { predictionOf } from "../../schedulers/prediction.ts";
import { uniformTimesteps } from "../../schedulers/timesteps.ts";
import type { CleanPrediction, Scheduler, StepInput } from "../contracts/scheduler.ts";
import { historyLength } from "../contracts/scheduler.ts";
import type { Plugin } from "../define.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";

const schedule = cosineSchedule();
const data = Float32Array.of(0.5, -1, 2, 0.1);

/** How a scheduler is tested. */
export interface SchedulerSuiteOptions extends SuiteOptions {
  /** How far the data that a perfect network leads to may lie from the true one, after 40 steps. Default 0.05. */
  readonly tolerance?: number;
}

/**
 * Tests that a scheduler keeps its contract: new arrays of the right length, no state, no numbers of its own, and that it finds the data
 * with a network that is never wrong, whatever that predicts.
 *
 * @example
 * ```ts
 * import { testScheduler } from "./test_scheduler.ts";
 * import euler from "../../schedulers/euler.ts";
 * const names: string[] = [];
 * testScheduler(euler, { test: (name) => void names.push(name) });
 * if (!names.some((name) => name.includes("leads to the data"))) throw new Error("what it does");
 * ```
 */
export function testScheduler(plugin: Plugin<"scheduler">, suite: SchedulerSuiteOptions = {}): void {
  const { options, test = Deno.test, tolerance = 0.05 } = suite;
  testPlugin(plugin, suite);
  const make = (prediction = "epsilon") => {
    return makePart(plugin, { options, context: { schedule, prediction: predictionOf(prediction) } });
  };
  const title = `scheduler ${plugin.name}`;

  test(`${title}: step() returns a new Float32Array as long as the sample and leaves its inputs alone`, async () => {
    const input = inputAt({ t: 0.6, tPrev: 0.4 });
    const before = [input.modelOutput, input.sample, input.noise].map((values) => [...values].join());
    const result = await (await make()).step(input);
    expect(result instanceof Float32Array, `step() returns ${describe(result)}: return a Float32Array`);
    expect(result.length === data.length, `step() returns ${result.length} numbers for a sample of ${data.length}`);
    const after = [input.modelOutput, input.sample, input.noise].map((values) => [...values].join());
    expect(before.join("|") === after.join("|"), "step() changes modelOutput, sample or noise: write into a new array");
    expect(
      ![input.modelOutput, input.sample, input.noise].some(({ buffer }) => buffer === result.buffer),
      "step() returns one of its inputs: return a copy, since the loop keeps both",
    );
  });

  test(`${title}: step() gives the same for the same input`, async () => {
    const scheduler = await make();
    const input = inputAt({ t: 0.6, tPrev: 0.4 });
    const first = await scheduler.step(input);
    await scheduler.step(inputAt({ t: 0.3, tPrev: 0.1 }));
    const second = await scheduler.step(input);
    expect(
      first.every((value, i) => value === second[i]),
      "step() gives something else the second time: keep no state (history has the earlier predictions) and draw no " +
        "numbers (noise has them)",
    );
  });

  test(`${title}: stays finite at both ends of the schedule and where a time repeats`, async () => {
    const scheduler = await make();
    for (const [t, tPrev] of [[1, 0.999], [1, 0], [0.5, 0.5], [0.01, 0], [0.001, 0.0005]] as const) {
      for (const history of [[], [{ t, clean: data }]]) {
        const result = await scheduler.step({ ...inputAt({ t, tPrev }), history });
        const wrong = result.find((value) => !Number.isFinite(value));
        expect(
          wrong === undefined,
          `step() gives ${wrong} from t = ${t} to ${tPrev}: look for a division by the difference of two equal noise levels`,
        );
      }
    }
  });

  for (const prediction of ["epsilon", "v_prediction", "sample"]) {
    test(`${title}: leads to the data with a network that is never wrong and predicts ${prediction}`, async () => {
      const scheduler = await make(prediction);
      const found = await run(scheduler, { prediction, steps: 40 });
      const off = Math.max(...found.map((value, i) => Math.abs(value - data[i]!)));
      expect(
        off <= tolerance,
        `it ends ${off.toFixed(3)} away from the data, allowed are ${tolerance}: the result must stand at tPrev, ` +
          "as √ᾱ(tPrev)·data + √(1 − ᾱ(tPrev))·noise, and the prediction may be of any kind (use prediction.clean() and noise())",
      );
    });
  }

  test(`${title}: timesteps(), where it has it, gives n + 1 falling times from 1 to 0`, async () => {
    const scheduler = await make();
    for (const n of scheduler.timesteps ? [1, 2, 29] : []) {
      const times = Array.from(scheduler.timesteps!(n));
      expect(times.length === n + 1, `timesteps(${n}) gives ${times.length} times and not ${n + 1}`);
      const wrong = times.find((t, i) => !(t >= 0 && t <= 1) || i > 0 && t > times[i - 1]!);
      expect(wrong === undefined, `timesteps(${n}) has ${wrong}: times fall from at most 1 to at least 0`);
    }
  });

  test(`${title}: dispose(), where it has it, can be called`, async () => await (await make()).dispose?.());
}

/** What a network that knows the data predicts. */
function perfect(prediction: string, sample: Float32Array, t: number): Float32Array {
  const { a, b } = noiseLevel(schedule, t);
  const noise = sample.map((x, i) => (x - a * data[i]!) / b);
  if (prediction === "sample") return data.slice();
  return prediction === "epsilon" ? noise : noise.map((e, i) => a * e - b * data[i]!);
}

function inputAt({ t, tPrev }: { t: number; tPrev: number }): StepInput {
  const { a, b } = noiseLevel(schedule, t);
  const sample = data.map((x, i) => a * x + b * Math.cos(3 * i + 1));
  return {
    modelOutput: perfect("epsilon", sample, t),
    sample,
    t,
    tPrev,
    noise: Float32Array.of(0.3, -0.7, 1.1, -0.2),
    history: [],
    predict: (x, at) => Promise.resolve(perfect("epsilon", x, at)),
  };
}

async function run(
  scheduler: Scheduler,
  { prediction, steps }: { prediction: string; steps: number },
): Promise<Float32Array> {
  const times = scheduler.timesteps?.(steps) ?? uniformTimesteps(steps);
  let sample: Float32Array = Float32Array.of(1, -0.5, 0.25, -2);
  let history: CleanPrediction[] = [];
  for (let i = 0; i < steps; i++) {
    const [t, tPrev] = [times[i]!, times[i + 1]!];
    const noise = sample.map((_, j) => Math.sin(17 * i + 5 * j));
    const modelOutput = perfect(prediction, sample, t);
    const predict = (x: Float32Array, at: number) => Promise.resolve(perfect(prediction, x, at));
    sample = await scheduler.step({ modelOutput, sample, t, tPrev, noise, history, predict });
    history = [{ t, clean: data }, ...history].slice(0, historyLength);
  }
  return sample;
}

function describe(value: unknown): string {
  return value === null || value === undefined ? "nothing" : (value as object).constructor?.name ?? typeof value;
}
