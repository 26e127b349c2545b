import assert from "node:assert/strict";
import { tensor } from "../../tensor/tensor.ts";
import { checkState } from "./check_state.ts";
import type { TrainingState } from "./training_step.ts";

const of = (...shape: number[]) => new Map([["w", tensor("float32", shape)]]);
const trained = new Map([["w", [2, 3]]]);
const state = (): TrainingState => ({
  step: 4,
  weights: of(2, 3),
  slots: new Map([["m", of(2, 3)], ["v", of(2, 3)]]),
  average: of(2, 3),
});
const wanted = { weights: of(2, 3), trained, slots: ["m", "v"], average: true };

Deno.test("a state of the same parameters and optimiser is taken, and an average more than is needed too", () => {
  checkState(state(), wanted);
  checkState(state(), { ...wanted, average: false });
});

Deno.test("a state that lacks something, or has it in another shape, is refused by name", () => {
  const refuses = (given: TrainingState, message: RegExp, want = wanted) =>
    assert.throws(
      () => checkState(given, want),
      (error: Error) => error.name === "ConfigError" && message.test(error.message),
    );
  refuses({ ...state(), average: undefined }, /has no average \[2,3\] of "w": change its optimiser/);
  refuses({ ...state(), weights: of(2, 4) }, /has no weight \[2,3\] of "w" but \[2,4\]/);
  refuses(state(), /optimiser of the tensors m, v but is to go on with u/, { ...wanted, slots: ["u"] });
  refuses(state(), /but is to go on with none/, { ...wanted, slots: [] });
  refuses({ ...state(), slots: new Map() }, /has no m \[2,3\] of "w"/);
});
