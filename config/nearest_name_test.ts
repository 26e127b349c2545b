import assert from "node:assert/strict";
import { nearestName } from "./nearest_name.ts";

Deno.test("nearestName() finds words with letters swapped, left out, added or of another case", () => {
  const names = ["steps", "batch", "batches", "learningRate"];
  assert.equal(nearestName("stpes", names), "steps");
  assert.equal(nearestName("bath", names), "batch");
  assert.equal(nearestName("batchs", names), "batch");
  assert.equal(nearestName("LEARNINGRATE", names), "learningRate");
});

Deno.test("nearestName() does not guess where half of the letters differ", () => {
  assert.equal(nearestName("momentum", ["steps", "batch"]), undefined);
  assert.equal(nearestName("", ["a"]), undefined);
  assert.equal(nearestName("x".repeat(100_000), ["steps"]), undefined);
});
