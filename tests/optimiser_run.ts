/**
 * Compares an optimiser with a golden run of torch.optim; `tests/fixtures/optimisers/README.md` explains the runs.
 * @module
 */
import assert from "node:assert/strict";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { clipFactor, globalNorm } from "../train/optimiser/clip.ts";
import { zerosLike } from "../train/optimiser/gradient_pass.ts";
import type { Optimiser } from "../train/optimiser/optimiser.ts";
import { Updater } from "../train/optimiser/updater.ts";
import { assertRelative } from "./check_gradients.ts";

interface GoldenRun {
  rates: number[];
  clip: number | null;
  norms: number[];
  weights: Record<string, number[][]>;
}

/** The golden training of a small network. */
export interface GoldenTraining {
  losses: number[];
  norms: number[];
  weights: Record<string, number[]>;
}

/** All golden runs by name. */
export function readGoldenRuns(): { training: GoldenTraining } & Record<string, unknown> {
  return JSON.parse(Deno.readTextFileSync(new URL("./fixtures/optimisers/optimisers.json", import.meta.url)));
}

/** cos(phase), cos(phase + 1) … times a number. */
export function waves(
  shape: readonly number[],
  { phase, times = 1 }: { phase: number; times?: number },
): Tensor<"float32"> {
  const made = tensor("float32", shape);
  made.data.forEach((_, i) => made.data[i] = Math.cos(phase + i) * times);
  return made;
}

/** Repeats a golden run and compares norms and weights, after the steps that it stored, to 2·10⁻⁶ of the largest weight. */
export async function compareRun(name: string, optimiser: Optimiser): Promise<void> {
  const golden = readGoldenRuns()[name] as GoldenRun;
  const shapes = new Map([["a", [3, 4]], ["b", [5]]]);
  const updater = await Updater.create(optimiser, shapes, { threads: 1 });
  let weights = new Map([...shapes].map(([key, shape], i) => [key, waves(shape, { phase: 40 * i })]));
  let slots = new Map(optimiser.slots.map((slot) => [slot, zerosLike(shapes)]));
  for (const [step, learningRate] of golden.rates.entries()) {
    const gradients = new Map([...shapes].map(([key, shape], i) => {
      return [key, waves(shape, { phase: 7 * step + 100 * i, times: 1 + step % 3 })];
    }));
    const norm = globalNorm(new Map([...gradients].map(([key, { data }]) => [key, Math.hypot(...data)])));
    assertRelative([norm], [golden.norms[step]!], { tolerance: 1e-6, name: `norm of step ${step}` });
    const scale = clipFactor(norm, golden.clip ?? undefined);
    ({ weights, slots } = await updater.run({ weights, gradients, slots }, { step: step + 1, learningRate, scale }));
    for (const [i, expected] of (golden.weights[step + 1] ?? []).entries()) {
      const found = [...weights.values()][i]!.data;
      assertRelative(found, expected, { tolerance: 2e-6, name: `parameter ${i} after step ${step + 1}` });
    }
  }
  await updater.release();
  assert.deepEqual(Object.keys(golden.weights), ["1", "5", "20"]);
}
