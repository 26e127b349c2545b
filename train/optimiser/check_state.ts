/**
 * Whether a training can go on from a state.
 * @module
 */
import { ConfigError } from "../../errors.ts";
import type { Weights } from "./gradient_pass.ts";
import type { TrainingState } from "./training_step.ts";

/** What a state has to hold. */
export interface WantedState {
  /** Every parameter. */
  readonly weights: Weights;
  /** Shapes of those that learn. */
  readonly trained: ReadonlyMap<string, readonly number[]>;
  /** Names of the optimiser's tensors. */
  readonly slots: readonly string[];
  /** Whether there is a moving average. */
  readonly average: boolean;
}

const advice = "change its optimiser, average and sizes back, or start a new run from the model of its checkpoint";

/**
 * Checks that a state is of these parameters and this optimiser.
 *
 * @throws {ConfigError} naming the first tensor that is missing or of another shape
 */
export function checkState(state: TrainingState, { weights, trained, slots, average }: WantedState): void {
  const shapes = new Map([...weights].map(([key, { shape }]) => [key, shape]));
  check("weight", state.weights, shapes);
  const found = [...state.slots.keys()].sort();
  // A new optimiser has no use for the tensors of another, even where some have the same name.
  if (found.length > 0 && found.join() !== slots.toSorted().join()) {
    throw new ConfigError(
      `The phase that was interrupted has an optimiser of the tensors ${found.join(", ")} but is to go on with ${
        slots.join(", ") || "none"
      }: ${advice}`,
    );
  }
  for (const slot of slots) check(slot, state.slots.get(slot), trained);
  if (average) check("average", state.average, trained);
}

function check(
  kind: string,
  found: Weights | undefined,
  wanted: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [key, shape] of wanted) {
    const tensor = found?.get(key);
    if (tensor?.shape.join() === shape.join()) continue;
    throw new ConfigError(
      `The phase that was interrupted has no ${kind} [${shape}] of "${key}"${
        tensor ? ` but [${tensor.shape}]` : ""
      }: ${advice}`,
    );
  }
}
