/**
 * The sampling loop that Stage C and Stage B share.
 * @module
 */
import { NumericError } from "../errors.ts";
import type { Scheduler } from "../schedulers/scheduler.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { guide, isGuided } from "./guidance.ts";

/** What a sampling loop needs. */
export interface DenoiseOptions {
  /** Name for errors: `prior` or `decoder`. */
  stage: string;
  /** What tensors of the run are named after, for errors too: `prior`, `decoder`, `decoder0` … */
  name: string;
  /** Predicts the noise in [b, …] at time t: [b, …], with guidance [2b, …], first with the prompts and then without. */
  predict(latents: Tensor<"float32">, t: number): Promise<Tensor<"float32">>;
  scheduler: Scheduler;
  /** Times from 1 towards 0; the last is not evaluated. */
  timesteps: ArrayLike<number>;
  /** Initial noise [b, …]. */
  latents: Tensor<"float32">;
  guidance: number;
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
  /** ᾱ at the time of the prediction. */
  alphaCumprod: number;
  /** The latents that the prediction was made from. */
  sample: Tensor<"float32">;
}

/** Runs the loop, yielding after each step and returning the last latents. Between steps it stops where `signal` says so. */
export async function* denoise(options: DenoiseOptions): AsyncGenerator<DenoiseStep, Tensor<"float32">> {
  const { stage, name, predict, scheduler, timesteps, guidance, signal } = options;
  let latents = options.latents;
  checkFinite(latents, `${stage}: step 1: noise.${name}.0`, { handedIn: true });
  for (let index = 0; index < timesteps.length - 1; index++) {
    signal?.throwIfAborted();
    const start = performance.now();
    const t = Math.fround(timesteps[index]!);
    const prediction = await predict(latents, t);
    const modelOutput = isGuided(guidance) ? guide(prediction, guidance) : prediction;
    const noise = options.noise(index);
    const sample = latents;
    const tPrev = scheduler.previousTimestep(timesteps, t);
    const step = { modelOutput: modelOutput.data, sample: sample.data, t, tPrev, noise: noise.data };
    latents = tensor("float32", latents.shape, scheduler.step(step));
    const seconds = (performance.now() - start) / 1000;
    // The first of the two that is not finite is where it began.
    checkFinite(modelOutput, `${stage}: step ${index + 1}: ${name}.model_output.${index}`);
    checkFinite(latents, `${stage}: step ${index + 1}: ${name}.latents.${index}`);
    yield { index, seconds, noise, modelOutput, latents, sample, alphaCumprod: scheduler.alphaCumprod(t) };
  }
  return latents;
}

/**
 * Checks a tensor, so that no black picture is painted.
 *
 * @param name stage, step and tensor
 * @param options.handedIn it was not computed here
 * @throws {NumericError} where `x` holds NaN or infinity
 */
export function checkFinite(x: Tensor<"float32">, name: string, { handedIn = false } = {}): void {
  const wrong = x.data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return;
  throw new NumericError(
    handedIn
      ? `${name} holds ${wrong}: what was handed in is damaged`
      : `${name} became ${wrong}: the weights are damaged, or guidance is too high for them`,
  );
}
