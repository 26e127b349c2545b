/**
 * The sampling loop that Stage C and Stage B share.
 * @module
 */
import { NumericError, PluginError } from "../errors.ts";
import {
  type CleanPrediction,
  historyLength,
  type Scheduler,
  type SchedulerContext,
} from "../plugins/contracts/scheduler.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { guide, isGuided, rescaleGuided } from "./guidance.ts";

/** What a sampling loop needs. */
export interface DenoiseOptions extends SchedulerContext {
  /** Name for errors: `prior` or `decoder`. */
  stage: string;
  /** What tensors of the run are named after, for errors too: `prior`, `decoder`, `decoder0` … */
  name: string;
  /** Predicts from [b, …] at time t in a step from 0: [b, …], `guided` [2b, …], first with the prompts and then without. */
  predict(latents: Tensor<"float32">, at: { t: number; guided: boolean; step: number }): Promise<Tensor<"float32">>;
  /** The sampler, and what it is called in errors. */
  scheduler: Scheduler & { readonly name: string };
  /** Times from 1 towards 0; the last is not evaluated. */
  timesteps: ArrayLike<number>;
  /** Initial noise [b, …], or latents that stand at the first step's time. */
  latents: Tensor<"float32">;
  /** Guidance scale of each step, counted from the first of `timesteps`. */
  scales: readonly number[];
  /** How far guided predictions keep their deviation, 0 … 1. */
  rescale?: number | undefined;
  /** Steps `start` ≤ i < `stop` are taken; all where left out. */
  start?: number | undefined;
  stop?: number | undefined;
  /** Draws the noise of step i, counted from 0. */
  noise(step: number): Tensor<"float32">;
  signal?: AbortSignal | undefined;
}

/** One step of the loop. */
export interface DenoiseStep {
  /** From 0. */
  index: number;
  seconds: number;
  noise: Tensor<"float32">;
  /** The network's prediction with guidance applied. */
  modelOutput: Tensor<"float32">;
  latents: Tensor<"float32">;
  /** What the prediction says that the clean latents are. */
  clean: Tensor<"float32">;
}

/** Runs the loop, yielding after each step and returning the last latents. Between steps it stops where `signal` says so. */
export async function* denoise(options: DenoiseOptions): AsyncGenerator<DenoiseStep, Tensor<"float32">> {
  const { stage, name, scheduler, schedule, prediction, timesteps, scales, rescale = 0, signal } = options;
  const { start: first = 0, stop = timesteps.length - 1 } = options;
  let latents = options.latents;
  let history: readonly CleanPrediction[] = [];
  const { shape } = latents;
  checkFinite(latents, `${stage}: step ${first + 1}: noise.${name}.0`, { handedIn: true });
  for (let index = first; index < stop; index++) {
    signal?.throwIfAborted();
    const start = performance.now();
    const [t, tPrev, scale] = [timesteps[index]!, timesteps[index + 1]!, scales[index]!];
    const evaluate = async (x: Tensor<"float32">, t: number) => {
      const guided = isGuided(scale);
      const predicted = await options.predict(x, { t, guided, step: index });
      if (!guided) return predicted;
      const result = guide(predicted, scale);
      return rescale > 0 ? rescaleGuided(result, predicted, { share: rescale }) : result;
    };
    const modelOutput = await evaluate(latents, t);
    const noise = options.noise(index);
    const predicted = { modelOutput: modelOutput.data, sample: latents.data };
    const input = { ...predicted, t, tPrev, noise: noise.data, history };
    latents = tensor(
      "float32",
      shape,
      await stepOf(scheduler, input, async (sample, t) => {
        return (await evaluate(tensor("float32", shape, sample), t)).data;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    // The first of the two that is not finite is where it began.
    checkFinite(modelOutput, `${stage}: step ${index + 1}: ${name}.model_output.${index}`);
    checkFinite(latents, `${stage}: step ${index + 1}: ${name}.latents.${index}`, {
      by: `scheduler ${scheduler.name}`,
    });
    const clean = prediction.clean(predicted, schedule.alphaCumprod(t));
    history = [{ t, clean }, ...history].slice(0, historyLength);
    yield { index, seconds, noise, modelOutput, latents, clean: tensor("float32", shape, clean) };
  }
  return latents;
}

/**
 * Takes a step of a scheduler, which may be anybody's.
 *
 * @throws {PluginError} where it throws, or gives no Float32Array as long as the sample; what `predict` throws is passed on
 */
async function stepOf(
  scheduler: DenoiseOptions["scheduler"],
  input: Omit<Parameters<Scheduler["step"]>[0], "predict">,
  evaluate: (sample: Float32Array, t: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  const { name } = scheduler;
  const failures = new WeakSet<object>();
  const predict = (sample: Float32Array, t: number) =>
    evaluate(sample, t).catch((error) => {
      failures.add(error);
      throw error;
    });
  let result: unknown;
  try {
    result = await scheduler.step({ ...input, predict });
  } catch (error) {
    if (error instanceof Error && failures.has(error)) throw error;
    throw new PluginError(`scheduler ${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  if (result instanceof Float32Array && result.length === input.sample.length) return result;
  const found = result instanceof Float32Array ? `one of ${result.length}` : typeof result;
  throw new PluginError(
    `scheduler ${name}: Expected step() to return a Float32Array of ${input.sample.length} numbers but found ${found}`,
  );
}

/**
 * Checks a tensor, so that no black picture is painted.
 *
 * @param name stage, step and tensor
 * @param options.handedIn it was not computed here
 * @param options.by the plugin that computed it last
 * @throws {NumericError} where `x` holds NaN or infinity
 */
export function checkFinite(x: Tensor<"float32">, name: string, { handedIn = false, by = "" } = {}): void {
  const wrong = x.data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new NumericError(
    handedIn
      ? `${name} holds ${wrong}: what was handed in is damaged`
      : by !== ""
      ? `${name} became ${wrong} in ${by}: it is at fault, or guidance is too high for the weights`
      : `${name} became ${wrong}: the weights are damaged, or guidance is too high for them`,
  );
}
