import assert from "node:assert/strict";
import { compareRatios, ratiosOf, type TimedCase } from "./ratios.ts";

const cases: TimedCase[] = [
  { name: "stage-b", flops: 1e9, fastest: 0.02, speed: 1e11 },
  { name: "stage-b, int8", flops: 1e9, fastest: 0.01, speed: 1e11 },
];

Deno.test("ratiosOf() gives shares of the machine's speed, and what fewer bits gain", () => {
  assert.deepEqual(ratiosOf(cases), { "stage-b": 0.5, "stage-b, int8": 1, "stage-b, int8 / fp32": 2 });
});

Deno.test("a machine that is half as fast has the same ratios", () => {
  const slow = cases.map((timed) => ({ ...timed, fastest: 2 * timed.fastest, speed: timed.speed / 2 }));
  assert.deepEqual(ratiosOf(slow), ratiosOf(cases));
});

Deno.test("compareRatios() calls slower what is below by more than the tolerance, and nothing that is new", () => {
  const ratios = { "stage-b": 0.6, "stage-b, int8": 1.05 };
  const changes = compareRatios(ratiosOf(cases), { ratios }, { tolerance: 0.1 });
  assert.deepEqual(changes.map(({ name, isSlower }) => [name, isSlower]), [
    ["stage-b", true],
    ["stage-b, int8", false],
    ["stage-b, int8 / fp32", false],
  ]);
  assert.equal(changes[2]!.committed, undefined);
});
