import assert from "node:assert/strict";
import { assertClose, readFixture, readFixtureTensors } from "./read_fixture.ts";

Deno.test("readFixture() reads every file that the manifest names", () => {
  const fixture = readFixture("networks/decoder_b1_3x3_32x32");
  for (const { name, shape, dtype } of fixture.manifest.tensors) {
    assert.deepEqual([...fixture.tensor(name).shape], shape, name);
    assert.equal(fixture.tensor(name).dtype, dtype, name);
  }
  assert.equal(fixture.atol("out"), 6.59e-6);
  assert.throws(() => fixture.tensor("nothing"), /has no nothing, only /);
  assert.throws(() => fixture.atol("x"), /gives no tolerance for x/);
});

Deno.test("readFixtureTensors() reads the weights of a module case", () => {
  const weights = readFixtureTensors("modules/grn/weights.safetensors");
  assert.deepEqual(Object.keys(weights).sort(), ["beta", "gamma"]);
});

Deno.test("assertClose() names the worst element, its index and both values", () => {
  const expected = { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
  const actual = { ...expected, data: Float32Array.of(1, 2.5, 3.75, 4) };
  assertClose(actual, expected, 0.75, "y");
  assert.throws(
    () => assertClose(actual, expected, 0.5, "y"),
    /y: element \[1, 0\] is 3.75 and not 3: off by 0.75, allowed 0.5/,
  );
});

Deno.test("assertClose() fails on NaN, infinity, length and shape", () => {
  assertClose([NaN, Infinity], [NaN, Infinity], 0, "same");
  assert.throws(() => assertClose([NaN], [1], 1e9, "NaN"), /off by Infinity/);
  assert.throws(() => assertClose([Infinity], [1], 1e9, "infinity"), /off by Infinity/);
  assert.throws(() => assertClose([1], [1, 2], 0, "length"), /number of elements/);
  const data = Float32Array.of(1, 2);
  const row = { dtype: "float32", shape: [1, 2], data } as const;
  assert.throws(() => assertClose(row, { dtype: "float32", shape: [2], data }, 0, "shape"), /shape/);
});

Deno.test("assertClose() reads bfloat16 as numbers and int64 as integers", () => {
  const one = { dtype: "bfloat16", shape: [1], data: Uint16Array.of(0x3f80) } as const;
  assertClose(one, [1], 0, "one");
  assertClose(BigInt64Array.of(-5n), [-5], 0, "int64");
});
