/**
 * States of several text encoders as one: each mapped to one width, one after the other along the token axis.
 * @module
 */
import { concat, scope, type Value } from "../onnx/mod.ts";
import { linear } from "./layers.ts";

/** Maps the states of the i-th encoder [b, tokens, own width] to [b, tokens, width]: `adapters.i.weight` and `adapters.i.bias`. */
export function adaptStates(i: number, states: Value, { width }: { width: number }): Value {
  return scope("adapters", () => linear(`${i}`, states, { to: width }));
}

/** States of all encoders, adapted: each [b, tokens, width] → [b, all tokens, width]. */
export function joinStates(states: readonly Value[]): Value {
  return states.length === 1 ? states[0]! : concat([...states], { axis: 1 });
}
