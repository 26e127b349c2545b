import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import type { QuantizedWeightsFile } from "../weights/quantized_files.ts";
import { isQuantizedName, planQuantizedPruning, planQuantizedRemoval } from "./quantized_removal.ts";

const now = Date.parse("2026-06-30T00:00:00Z");
const file = (name: string, age: number, rest: Partial<QuantizedWeightsFile> = {}): QuantizedWeightsFile => ({
  name,
  paths: [name],
  bytes: 1,
  used: new Date(now - age * 24 * 3600 * 1000),
  precision: "int8",
  folder: "prior",
  isOrphan: false,
  isPartial: false,
  ...rest,
});
const files = [
  file("aa11", 1),
  file("aa22", 29),
  file("bb", 31),
  file("cc", 1, { isOrphan: true }),
  file("dd", 0.5, { isPartial: true }),
  file("ee", 2, { isPartial: true }),
];

Deno.test("weights are pruned once their model is gone or nobody has used them for 30 days, half of one after a day", () => {
  assert.deepEqual(planQuantizedPruning(files, { now }).map(({ what }) => what), [
    "quantized:bb",
    "quantized:cc",
    "quantized:ee",
  ]);
});

Deno.test("weights are removed by the first digits of their names, or all at once", () => {
  assert.deepEqual(planQuantizedRemoval(files, ["quantized:aa2", "quantized:b"]).flatMap(({ paths }) => paths), [
    "aa22",
    "bb",
  ]);
  assert.equal(planQuantizedRemoval(files, ["quantized:bb", "quantized"]).length, files.length);
  for (const name of ["quantized:aa", "quantized:ff"]) {
    assert.throws(() => planQuantizedRemoval(files, [name]), ConfigError, name);
  }
  assert.deepEqual(["quantized", "quantized:1", "org/quantized"].map(isQuantizedName), [true, true, false]);
});
