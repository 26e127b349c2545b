/**
 * Stops a training whose numbers have run away, before they reach the weights.
 * @module
 */
import { NumericError } from "../../errors.ts";

/** What to do where numbers have run away. */
export const adviceOnNumbers = "lower the learning rate or clip gradients, and resume from the last checkpoint";

/**
 * Throws where the loss or a gradient's norm is NaN or infinite, naming the step and the tensor. Of several gradients it is the one
 * nearest to the loss, since the backward pass carries NaN on to all before it.
 *
 * @param options.norms norm of each gradient by key, in the order of the forward pass
 * @throws {NumericError}
 */
export function checkFinite(
  step: number,
  { loss, norms }: { loss: number; norms: ReadonlyMap<string, number> },
): void {
  if (!Number.isFinite(loss)) throw new NumericError(`Step ${step}: the loss is ${loss}; ${adviceOnNumbers}`);
  const bad = [...norms].findLast(([, norm]) => !Number.isFinite(norm));
  if (!bad) return;
  const [key, norm] = bad;
  throw new NumericError(`Step ${step}: the norm of the gradient of "${key}" is ${norm}; ${adviceOnNumbers}`);
}
