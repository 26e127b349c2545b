import assert from "node:assert/strict";
import { compareRatios } from "./ratios.ts";

Deno.test("compareRatios() calls slower what is below by more than the tolerance, and nothing that is new", () => {
  const now = { "stage-b": 0.5, "stage-b, int8": 1, new: 2 };
  const ratios = { "stage-b": 0.6, "stage-b, int8": 1.05 };
  const changes = compareRatios(now, { ratios }, { tolerance: 0.1 });
  assert.deepEqual(changes.map(({ name, isSlower }) => [name, isSlower]), [
    ["stage-b", true],
    ["stage-b, int8", false],
    ["new", false],
  ]);
  assert.equal(changes[2]!.committed, undefined);
});
