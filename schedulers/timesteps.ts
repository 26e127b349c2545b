import { ConfigError } from "../errors.ts";

/**
 * The times that the published Stage C was tuned for: 20 from 1 to 2/3, then 10 more down to 0, which makes 29 steps.
 *
 * `DEFAULT_STAGE_C_TIMESTEPS` of diffusers'
 * {@link https://github.com/huggingface/diffusers/blob/v0.39.0/src/diffusers/pipelines/deprecated/wuerstchen/pipeline_wuerstchen_prior.py pipeline}, equal to
 * it bit for bit.
 */
export function defaultStageCTimesteps(): number[] {
  return [...linspace(1, 2 / 3, 20), ...linspace(2 / 3, 0, 11).slice(1)];
}

const maxSteps = 1_000_000;

/**
 * The n + 1 times of n even steps, from 1 down to 0: `torch.linspace(1, 0, n + 1)`, where each half counts from its own end, and
 * product and sum round once together.
 *
 * @throws {ConfigError} where `n` is not an integer from 1 to 1000000
 */
export function uniformTimesteps(n: number): Float32Array {
  if (!(Number.isInteger(n) && n >= 1 && n <= maxSteps)) {
    throw new ConfigError(`Expected steps to be an integer from 1 to ${maxSteps} but found ${n}`);
  }
  const stride = Math.fround(-1 / n);
  const half = Math.floor((n + 1) / 2);
  return Float32Array.from({ length: n + 1 }, (_, i) => i < half ? 1 + stride * i : 0 - stride * (n - i));
}

/** Lists of times that have a name. The last time of a list ends the loop and is not evaluated. */
export const timestepPresets: ReadonlyMap<string, () => number[]> = new Map([["stage-c-29", defaultStageCTimesteps]]);

/**
 * Reads a list of times: the name of a preset, or numbers with commas between them, such as `"1,0.8,0.5,0"`.
 *
 * @returns at least two strictly decreasing numbers of [0, 1]; the last ends the loop
 * @throws {ConfigError} where the text is neither
 * @example
 * ```ts
 * import { parseTimesteps } from "./timesteps.ts";
 * const steps = parseTimesteps("stage-c-29").length - 1;
 * if (steps !== 29) throw new Error("29 steps");
 * ```
 */
export function parseTimesteps(text: string): number[] {
  const preset = timestepPresets.get(text.trim());
  if (preset !== undefined) return preset();
  const parts = text.split(",").map((part) => part.trim());
  const wrong = parts.findIndex((part) => !decimal.test(part));
  if (wrong >= 0) {
    const known = [...timestepPresets.keys()].join(", ");
    const found = `${JSON.stringify(parts[wrong]!.slice(0, 40))} at position ${wrong + 1}`;
    throw new ConfigError(
      `Expected timesteps to be numbers with commas between them or one of ${known} but found ${found}`,
    );
  }
  return checkTimesteps(parts.map(Number));
}

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Returns a list of times as it is, if a scheduler can follow it.
 *
 * @throws {ConfigError} where it has fewer than two times, one outside [0, 1], or two that do not fall in float32
 */
export function checkTimesteps(values: readonly number[]): number[] {
  if (values.length < 2) {
    throw new ConfigError(`Expected timesteps to be at least 2 numbers but found ${values.length}`);
  }
  values.forEach((value, i) => {
    if (!(value >= 0 && value <= 1)) {
      throw new ConfigError(
        `Expected every timestep to be a number from 0 to 1 but found ${value} at position ${i + 1}`,
      );
    }
    const before = values[i - 1];
    if (before !== undefined && Math.fround(value) >= Math.fround(before)) {
      throw new ConfigError(`Expected timesteps to fall but found ${value} after ${before} at position ${i + 1}`);
    }
  });
  return [...values];
}

/** `numpy.linspace`: even spacing counted from the start, and the end exactly. */
function linspace(start: number, end: number, count: number): number[] {
  const stride = (end - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => i === count - 1 ? end : i * stride + start);
}
