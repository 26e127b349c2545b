import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import fc from "fast-check";
import type { Pixels, PngSamples } from "./pixels.ts";
import { readPngChunks } from "./png_chunks.ts";
import { decodePng, decodePngSamples } from "./png_decode.ts";
import { encodePng } from "./png_encode.ts";

const pictures: fc.Arbitrary<Pixels> = fc
  .record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    channels: fc.constantFrom(1, 3, 4),
  })
  .chain((size) => {
    const length = size.width * size.height * size.channels;
    // Few distinct values and many: the filters differ.
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 128, 255));
    return fc.array(byte, { minLength: length, maxLength: length }).map((values): Pixels => ({
      ...size,
      data: Uint8Array.from(values),
    }));
  });

Deno.test("a PNG decodes to the very pixels that were encoded", () => {
  fc.assert(fc.property(pictures, (pixels) => assert.deepEqual(decodePng(encodePng(pixels)), pixels)));
});

Deno.test("a PNG of 16 bits decodes to the very samples that were encoded, alpha of grey included", () => {
  const deep = fc.record({ width: fc.integer({ min: 1, max: 9 }), channels: fc.constantFrom(1, 2, 3, 4) }).chain(
    (size) => {
      const length = 2 * size.width * size.channels;
      return fc.uint16Array({ minLength: length, maxLength: length }).map((data): PngSamples => ({
        ...size,
        height: 2,
        data,
      }));
    },
  );
  fc.assert(fc.property(deep, (samples) => assert.deepEqual(decodePngSamples(encodePng(samples)), samples)));
});

Deno.test("encodePng() writes grey and RGB, with and without alpha, in the depth of the samples", () => {
  for (const [channels, colourType] of [[1, 0], [2, 4], [3, 2], [4, 6]] as const) {
    for (const data of [new Uint8Array(6 * channels), new Uint16Array(6 * channels)]) {
      const [header] = readPngChunks(encodePng({ width: 3, height: 2, channels, data }));
      const depth = 8 * data.BYTES_PER_ELEMENT;
      assert.deepEqual([...header!.data], [0, 0, 0, 3, 0, 0, 0, 2, depth, colourType, 0, 0, 0]);
    }
  }
});

Deno.test("encodePng() filters: rows that repeat become zeros", () => {
  const row = Array.from({ length: 64 }, (_, i) => (i * 37) % 256);
  const png = encodePng({ width: 64, height: 3, channels: 1, data: Uint8Array.from([...row, ...row, ...row]) });
  const idat = [...readPngChunks(png)].find(({ type }) => type === "IDAT")!;
  const rows = inflateSync(idat.data);
  assert.equal(rows[65], 2);
  assert.ok(rows.subarray(66, 130).every((byte) => byte === 0));
});

Deno.test("encodePng() refuses data of another size", () => {
  assert.throws(() => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(11) }), RangeError);
});
