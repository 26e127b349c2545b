import assert from "node:assert/strict";
import { clipFactor, globalNorm } from "./clip.ts";

Deno.test("globalNorm() is the norm of all tensors as one vector", () => {
  assert.equal(globalNorm(new Map([["a", 3], ["b", 4]])), 5);
  assert.ok(Number.isNaN(globalNorm(new Map([["a", NaN], ["b", 4]]))));
});

Deno.test("clipFactor() shortens what is too long and nothing else", () => {
  assert.equal(clipFactor(0.5, 1), 1);
  assert.equal(clipFactor(8, undefined), 1);
  assert.ok(Math.abs(clipFactor(8, 2) * 8 - 2) < 1e-6);
});
