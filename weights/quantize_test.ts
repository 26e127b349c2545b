import assert from "node:assert/strict";
import { dequantize, quantizeBlocks4, quantizeRows8, relativeError } from "./quantize.ts";

Deno.test("quantizeRows8() gives each row 127 steps to its largest number and turns the matrix", () => {
  const { values, scales } = quantizeRows8({ rows: 2, columns: 3, data: Float32Array.of(1.27, -0.635, 0, 0, 4, -2) });
  assert.deepEqual([...scales], [Math.fround(1.27) / 127, 4 / 127].map(Math.fround));
  // −0.635 is 63.5 steps: halves go to the even number.
  assert.deepEqual([...values], [127, 0, -64, 127, 0, -64]);
});

Deno.test("quantizeRows8() leaves a row of zeros as it is", () => {
  const { values, scales } = quantizeRows8({ rows: 1, columns: 4, data: new Float32Array(4) });
  assert.deepEqual([[...values], [...scales]], [[0, 0, 0, 0], [1]]);
});

Deno.test("quantizeRows8() is off by at most half a step everywhere, across the edges of tiles", () => {
  const [rows, columns] = [67, 33];
  const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i) * (1 + i % 5));
  const made = quantizeRows8({ rows, columns, data });
  const back = dequantize(made, { rows, columns });
  back.forEach((value, i) => {
    const half = made.scales[Math.floor(i / columns)]! / 2;
    assert(Math.abs(value - data[i]!) <= half * (1 + 1e-5), `element ${i}: ${value} and not ${data[i]}`);
  });
});

Deno.test("quantizeBlocks4() gives the number that is largest in size the lowest of 16 steps", () => {
  const { values, scales } = quantizeBlocks4(
    { rows: 1, columns: 8, data: Float32Array.of(4, -4, 0.5, 0, -2, 1, 0, 0) },
    { block: 4 },
  );
  // Of +4 and −4 the first counts: its scale is −0.5, and −4, which would be step 16, takes the last one, 15.
  assert.deepEqual([...scales], [-0.5, 0.25]);
  assert.deepEqual([...values], [0 | 15 << 4, 7 | 8 << 4, 0 | 12 << 4, 8 | 8 << 4]);
});

Deno.test("quantizeBlocks4() comes back within a step of each block, and refuses rows that no block fits", () => {
  const [rows, columns] = [3, 64];
  const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.cos(i * i));
  const made = quantizeBlocks4({ rows, columns, data }, { block: 32 });
  dequantize(made, { rows, columns }).forEach((value, i) => {
    assert(Math.abs(value - data[i]!) <= Math.abs(made.scales[Math.floor(i / 32)]!) * 1.001, `element ${i}`);
  });
  assert.throws(
    () => quantizeBlocks4({ rows: 1, columns: 33, data: new Float32Array(33) }, { block: 32 }),
    new RangeError("Expected columns that divide by 32 but found 33"),
  );
});

Deno.test("relativeError() is the length of the difference over that of the truth", () => {
  assert.equal(relativeError([3, 4.5], [3, 4]), 0.1);
  assert.equal(relativeError([0, 0], [0, 0]), 0);
  assert.equal(relativeError([1], [0]), Infinity);
});
