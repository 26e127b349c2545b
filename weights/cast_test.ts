import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { bfloat16Bits } from "../tensor/bfloat16.ts";
import { tensor } from "../tensor/tensor.ts";
import { castTensor, toFloat32 } from "./cast.ts";

const values = [0, -0, 1, 1 / 3, -65504, 6e-8, 1 + 2 ** -11, 1 + 3 * 2 ** -11];
const single = tensor("float32", [values.length], Float32Array.from(values));

Deno.test("castTensor() rounds to nearest, ties to even, as torch does", () => {
  const half = castTensor(single, "float16", { key: "w" });
  assert.deepEqual(half.data, Float16Array.from(values));
  assert.equal(half.data[6], 1);
  assert.equal(half.data[7], 1 + 2 ** -9);
  assert.deepEqual(castTensor(single, "bfloat16", { key: "w" }).data, Uint16Array.from(values, bfloat16Bits));
});

Deno.test("castTensor() loses nothing on the way up and back", () => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    const narrow = castTensor(single, dtype, { key: "w" });
    const wide = castTensor(narrow, "float32", { key: "w" });
    assert.deepEqual(castTensor(wide, dtype, { key: "w" }), narrow);
    assert.deepEqual(toFloat32(narrow), wide.data);
  }
});

Deno.test("castTensor() leaves counters and tensors of the type that is asked for as they are", () => {
  const count = tensor("int64", [1], BigInt64Array.of(7n));
  assert.equal(castTensor(count, "float16", { key: "w" }), count);
  assert.equal(castTensor(single, "float32", { key: "w" }), single);
});

Deno.test("castTensor() refuses numbers that float16 cannot hold, and keeps those that were infinite", () => {
  const large = tensor("float32", [1], Float32Array.of(70000));
  assert.throws(() => castTensor(large, "float16", { key: "a.b" }), {
    name: "CheckpointError",
    message: `"a.b" holds 70000, which is beyond float16's range of ±65504: choose bf16 or fp32`,
  });
  assert.throws(
    () => castTensor(tensor("float64", [1], Float64Array.of(-1e6)), "float16", { key: "w" }),
    CheckpointError,
  );
  const infinite = tensor("float32", [1], Float32Array.of(Infinity));
  assert.equal(castTensor(infinite, "float16", { key: "w" }).data[0], Infinity);
});
