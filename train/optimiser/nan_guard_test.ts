import assert from "node:assert/strict";
import { NumericError } from "../../errors.ts";
import { checkFinite } from "./nan_guard.ts";

const advice = "lower the learning rate or clip gradients, and resume from the last checkpoint";

Deno.test("checkFinite() names the step and the loss", () => {
  assert.throws(
    () => checkFinite(12, { loss: NaN, norms: new Map([["a", NaN]]) }),
    new NumericError(`Step 12: the loss is NaN; ${advice}`),
  );
});

Deno.test("checkFinite() names the bad gradient that is nearest to the loss", () => {
  const norms = new Map([["first", NaN], ["second", Infinity], ["third", 1]]);
  assert.throws(
    () => checkFinite(3, { loss: 0.5, norms }),
    new NumericError(`Step 3: the norm of the gradient of "second" is Infinity; ${advice}`),
  );
});

Deno.test("checkFinite() lets numbers pass", () => {
  checkFinite(1, { loss: 1e30, norms: new Map([["a", 0]]) });
});
