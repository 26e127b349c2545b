import assert from "node:assert/strict";
import fc from "fast-check";
import { assertClose } from "../../tests/read_fixture.ts";
import { philox4x32 } from "./philox.ts";
import { type NoiseStream, streamNormal } from "./stream_normal.ts";

const stream: NoiseStream = { seed: 42, image: 3, stage: 1, step: 5 };

Deno.test("streamNormal() is Box-Muller of the block whose counter is (index, step, stage, image)", () => {
  const seed = 0x0123456789abcdefn;
  const [w0, w1, w2, w3] = philox4x32([1, 5, 1, 3], [0x89abcdef, 0x01234567]);
  const expected = [[w0, w1], [w2, w3]].flatMap(([a, b]) => {
    const radius = Math.sqrt(-2 * Math.log((a! + 1) / 2 ** 32));
    return [radius * Math.cos(2 * Math.PI * b! / 2 ** 32), radius * Math.sin(2 * Math.PI * b! / 2 ** 32)];
  });
  assertClose(streamNormal({ ...stream, seed }, 8).subarray(4), expected, 1e-6, "second block");
});

Deno.test("the noise of an image is bit-identical whatever else is drawn and however long the tensor is", () => {
  const alone = streamNormal(stream, 144);
  const batch = [0, 1, 2, 3, 4].map((image) => streamNormal({ ...stream, image }, 144));
  assert.deepEqual(batch[3], alone);
  fc.assert(fc.property(fc.nat(144), (count) => {
    assert.deepEqual(streamNormal(stream, count), alone.slice(0, count));
  }));
});

Deno.test("every part of the stream's name changes the noise", () => {
  const other: Partial<NoiseStream>[] = [{}, { seed: 43 }, { seed: 42n + (1n << 32n) }, { image: 4 }, { stage: 0 }, {
    step: 6,
  }];
  const firsts = other.map((change) => streamNormal({ ...stream, ...change }, 1)[0]);
  assert.equal(new Set(firsts).size, other.length);
});

Deno.test("the low 64 bits of the seed count", () => {
  assert.deepEqual(streamNormal({ ...stream, seed: -1 }, 9), streamNormal({ ...stream, seed: 2n ** 64n - 1n }, 9));
  assert.deepEqual(streamNormal({ ...stream, seed: 42n + 2n ** 64n }, 9), streamNormal(stream, 9));
});

Deno.test("streams have the moments of a standard normal and do not correlate", () => {
  const count = 1 << 18;
  const a = streamNormal(stream, count);
  const b = streamNormal({ ...stream, image: 4 }, count);
  const mean = (of: (i: number) => number) => a.reduce((sum, _, i) => sum + of(i), 0) / count;
  const found = [1, 2, 3, 4].map((power) => mean((i) => a[i]! ** power));
  assertClose(found, [0, 1, 0, 3], 0.03, "moments");
  const correlations = [mean((i) => a[i]! * b[i]!), mean((i) => a[i]! * a[i ^ 1]!), mean((i) => a[i]! * a[i ^ 2]!)];
  assertClose(correlations, [0, 0, 0], 0.01, "correlations");
});

Deno.test("a seed or index that is no integer of its range is a RangeError", () => {
  assert.throws(
    () => streamNormal({ ...stream, seed: 0.5 }, 1),
    /Expected seed to be a safe integer or a bigint but found 0.5/,
  );
  for (const bad of [-1, 1.5, NaN, 2 ** 32]) {
    for (const name of ["image", "stage", "step"]) {
      const message = `Expected ${name} to be an integer of 0 to 2^32 - 1 but found ${bad}`;
      assert.throws(() => streamNormal({ ...stream, [name]: bad }, 1), { name: "RangeError", message });
    }
  }
});
