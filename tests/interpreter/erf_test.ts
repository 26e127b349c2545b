import assert from "node:assert/strict";
import { erf } from "./erf.ts";

Deno.test("erf() agrees with tabulated values to 15 digits, on both sides of its formulas' border", () => {
  const values = [
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.999, 0.9999777698314002],
    [3.001, 0.9999780483390822],
    [4, 0.9999999845827421],
    [7, 1],
  ] as const;
  for (const [x, y] of values) {
    assert.ok(Math.abs(erf(x) - y) < 1e-15, `erf(${x}) is ${erf(x)}`);
    assert.ok(Math.abs(erf(-x) + y) < 1e-15);
  }
});
