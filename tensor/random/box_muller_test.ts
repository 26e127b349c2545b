import assert from "node:assert/strict";
import { assertClose } from "../../tests/read_fixture.ts";
import { boxMuller32, boxMuller64 } from "./box_muller.ts";

/** Blocks of uniforms that are multiples of 2^-24 and reach every octant and both ends of the range. */
function uniforms(): Float32Array {
  const steps = 512;
  const data = new Float32Array(16 * steps);
  const last = 2 ** 24 - 1;
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < 8; j++) {
      const n = 8 * i + j;
      data[16 * i + j] = Math.trunc((n * 0.61803398875 % 1) * last) / 2 ** 24;
      data[16 * i + 8 + j] = Math.trunc(n / (8 * steps - 1) * last) / 2 ** 24;
    }
  }
  data[0] = last / 2 ** 24;
  return data;
}

Deno.test("boxMuller32() agrees with double precision to float32's rounding", () => {
  const single = uniforms();
  const double = Float64Array.from(single);
  for (let i = 0; i < single.length; i += 16) {
    boxMuller32(single, i);
    boxMuller64(double, i);
  }
  assertClose(single, double, 2e-6, "normals");
});

Deno.test("a uniform of 0 gives a radius of +0, and the largest one √(48 ln 2)", () => {
  for (const [data, transform] of [[new Float32Array(16), boxMuller32], [new Float64Array(16), boxMuller64]] as const) {
    data[1] = 1 - 2 ** -24;
    data[8] = 0.6;
    (transform as (data: Float32Array | Float64Array, start: number) => void)(data, 0);
    assert(Object.is(data[0], 0) && Object.is(data[8], 0), `${data}`);
    assertClose([data[1]!, data[9]!], [Math.sqrt(48 * Math.LN2), 0], 1e-6, "largest radius");
  }
});

Deno.test("boxMuller32() touches its 16 elements only", () => {
  const data = new Float32Array(48).fill(0.25);
  boxMuller32(data, 16);
  assert(data.every((value, i) => (value === 0.25) === (i < 16 || i >= 32)));
});
