/**
 * Classifier-free guidance (https://arxiv.org/abs/2207.12598), as diffusers arranges it: one batch, first the rows with the
 * prompt, then the rows without.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** How the guidance scale changes on the way: places are shares of the steps that are still ahead, 1 at the first step. */
export type GuidanceSchedule =
  /** The same scale in every step. */
  | { readonly kind: "constant" }
  /** The scale in steps from place `from` down to place `to`, and none elsewhere (Kynkäänniemi et al. 2024, https://arxiv.org/abs/2404.07724). */
  | { readonly kind: "interval"; readonly from: number; readonly to: number }
  /** From the scale at place 1 evenly to `to` at place 0, as `GDF.sample` of Stable Cascade with a pair for `cfg`. */
  | { readonly kind: "ramp"; readonly to: number };

/** The guidance scale of each of `steps` steps. */
export function guidanceScales(
  scale: number,
  { steps, schedule = { kind: "constant" } }: { steps: number; schedule?: GuidanceSchedule | undefined },
): number[] {
  return Array.from({ length: steps }, (_, i) => {
    const place = 1 - i / steps;
    switch (schedule.kind) {
      case "constant":
        return scale;
      case "interval":
        return place <= schedule.from + slack && place >= schedule.to - slack ? scale : 1;
      case "ramp":
        return scale * place + schedule.to * (1 - place);
    }
  });
}

/** Places that a limit means and that rounding has moved past it. */
const slack = 1e-9;

/** Whether a guidance scale does anything: only above 1. */
export function isGuided(scale: number): boolean {
  return scale > 1;
}

/**
 * How a network is run for the steps of a stage: where all are guided alike, each latent once with `copies` rows of conditions; where only
 * some are, a latent in the batch for each half, so that one session serves both kinds.
 */
export function batchOf(latents: number, scales: readonly number[]): { latents: number; copies: number } {
  if (!scales.some(isGuided)) return { latents, copies: 1 };
  return scales.every(isGuided) ? { latents, copies: 2 } : { latents: 2 * latents, copies: 1 };
}

/** Joins two tensors along their first axis. */
export function stack(a: Tensor<"float32">, b: Tensor<"float32">): Tensor<"float32"> {
  const joined = tensor("float32", [a.shape[0]! + b.shape[0]!, ...a.shape.slice(1)]);
  joined.data.set(a.data);
  joined.data.set(b.data, a.data.length);
  return joined;
}

/** Rows `start` ≤ i < `end` of the first axis, without a copy. */
export function rows(x: Tensor<"float32">, start: number, end: number): Tensor<"float32"> {
  const size = x.data.length / x.shape[0]!;
  return tensor("float32", [end - start, ...x.shape.slice(1)], x.data.subarray(start * size, end * size));
}

/** Each row `times` times in a row (`repeat_interleave`): [b, …] → [b·times, …]. */
export function repeatRows(x: Tensor<"float32">, times: number): Tensor<"float32"> {
  if (times === 1) return x;
  const count = x.shape[0]!;
  const size = x.data.length / count;
  const repeated = tensor("float32", [count * times, ...x.shape.slice(1)]);
  for (let i = 0; i < count * times; i++) {
    const row = Math.floor(i / times);
    repeated.data.set(x.data.subarray(row * size, (row + 1) * size), i * size);
  }
  return repeated;
}

/**
 * `torch.lerp(unconditional, conditional, scale)` of the halves of a prediction [2b, …] → [b, …].
 *
 * For a scale of ½ or more torch computes conditional − (conditional − unconditional)·(1 − scale)
 * (ATen/native/Lerp.h), rounding each operation to float32.
 */
export function guide(prediction: Tensor<"float32">, scale: number): Tensor<"float32"> {
  const half = prediction.data.length / 2;
  const rest = Math.fround(1 - Math.fround(scale));
  const guided = tensor("float32", [prediction.shape[0]! / 2, ...prediction.shape.slice(1)]);
  for (let i = 0; i < half; i++) {
    const conditional = prediction.data[i]!;
    const difference = Math.fround(conditional - prediction.data[half + i]!);
    guided.data[i] = conditional - Math.fround(difference * rest);
  }
  return guided;
}

/**
 * Gives each row of a guided prediction the standard deviation that it has without guidance, as far as `share` says: high scales then do
 * not overexpose (Lin et al. 2023, https://arxiv.org/abs/2305.08891, eq. 15 and 16; `cfg_rho` of Stable Cascade, which takes the deviation
 * of the whole batch).
 *
 * @param conditional the half with the prompts, of which the rows before the first `guided.shape[0]` are read
 */
export function rescaleGuided(
  guided: Tensor<"float32">,
  conditional: Tensor<"float32">,
  { share }: { share: number },
): Tensor<"float32"> {
  const count = guided.shape[0]!;
  const size = guided.data.length / count;
  const rescaled = tensor("float32", guided.shape);
  for (let i = 0; i < count; i++) {
    const own = guided.data.subarray(i * size, (i + 1) * size);
    const factor = deviation(conditional.data.subarray(i * size, (i + 1) * size)) / (deviation(own) + 1e-9);
    rescaled.data.set(own.map((value) => share * factor * value + (1 - share) * value), i * size);
  }
  return rescaled;
}

/** Standard deviation of a sample, with Bessel's correction as torch's `std`. */
function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}
