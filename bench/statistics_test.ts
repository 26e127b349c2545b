import assert from "node:assert/strict";
import { median } from "./statistics.ts";

Deno.test("median() is the middle of an odd count, whatever the order", () => {
  assert.equal(median([9, 1, 5]), 5);
});

Deno.test("median() is the mean of the two in the middle of an even count", () => {
  assert.equal(median([10, 2, 4, 1]), 3);
});

Deno.test("median() of nothing is an error", () => {
  assert.throws(() => median([]), { name: "RangeError", message: "Expected at least one number but found none" });
});
