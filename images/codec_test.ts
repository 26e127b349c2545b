import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { decodeImage, encodeImage, imageFormats } from "./codec.ts";
import { concat } from "./concat.ts";
import type { Pixels } from "./pixels.ts";

/** A smooth picture, which the lossy formats keep well. */
function gradient(channels: 1 | 3 | 4): Pixels {
  const [width, height] = [32, 24];
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels];
    return c === 3 ? 255 : c === 0 ? x * 7 : c === 1 ? y * 10 : 128;
  });
  return { width, height, channels, data };
}

/** Mean absolute difference of the channel values. */
function distance(a: Pixels, b: Pixels): number {
  assert.deepEqual([a.width, a.height, a.channels], [b.width, b.height, b.channels]);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

Deno.test("PNG is lossless, JPEG and WebP are near", async () => {
  const pixels = gradient(3);
  for (const [format, tolerance] of [["png", 0], ["jpg", 2], ["webp", 3]] as const) {
    const decoded = await decodeImage(await encodeImage(pixels, { format, quality: 95 }));
    assert.ok(distance(decoded, pixels) <= tolerance, `${format}: ${distance(decoded, pixels)}`);
  }
});

Deno.test("grey and opaque pictures come back as colour from JPEG and WebP", async () => {
  for (const format of ["jpg", "webp"] as const) {
    for (const channels of [1, 4] as const) {
      const decoded = await decodeImage(await encodeImage(gradient(channels), { format }));
      assert.equal(decoded.channels, 3);
    }
  }
});

Deno.test("WebP keeps alpha, JPEG lays it over white", async () => {
  const pixels: Pixels = { width: 16, height: 16, channels: 4, data: new Uint8Array(1024) };
  const webp = await decodeImage(await encodeImage(pixels, { format: "webp" }));
  assert.equal(webp.channels, 4);
  assert.ok(webp.data.every((value, i) => i % 4 !== 3 || value === 0));
  const jpeg = await decodeImage(await encodeImage(pixels, { format: "jpg" }));
  assert.ok(jpeg.data.every((value) => value > 250));
});

Deno.test("a lower quality makes a smaller file", async () => {
  for (const format of ["jpg", "webp"] as const) {
    const [high, low] = [
      await encodeImage(gradient(3), { format }),
      await encodeImage(gradient(3), { format, quality: 5 }),
    ];
    assert.ok(low.length < high.length);
  }
});

Deno.test("encodeImage() names the formats that there are", async () => {
  const pixels = { width: 1, height: 1, channels: 1, data: new Uint8Array(1) } as const;
  for (const [format, found] of [["gif", '"gif"'], [undefined, "nothing"], [5, "5"]] as const) {
    await assert.rejects(encodeImage(pixels, { format: format as "png" }), {
      name: "TypeError",
      message: `Expected format to be png, jpg or webp but found ${found}`,
    });
  }
});

Deno.test("encodeImage() refuses impossible qualities and sides", async () => {
  for (const quality of [0, 101, 1.5, NaN]) {
    await assert.rejects(
      encodeImage(gradient(3), { format: "jpg", quality }),
      /quality to be an integer from 1 to 100/,
    );
  }
  const wide: Pixels = { width: 16384, height: 1, channels: 1, data: new Uint8Array(16384) };
  await assert.rejects(encodeImage(wide, { format: "webp" }), /at most 16383 px for webp but found 16384x1/);
  await assert.rejects(encodeImage({ ...wide, width: 3 }, { format: "png" }), RangeError);
});

Deno.test("decodeImage() turns a JPEG as its EXIF orientation says", async () => {
  const jpeg = await encodeImage(gradient(3), { format: "jpg", quality: 95 });
  // One big-endian TIFF entry: tag 0x0112, type SHORT, value 6 (turn clockwise).
  const exif = [
    ...new TextEncoder().encode("Exif\0\0MM\0*\0\0\0\x08\0\x01"),
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    6,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const segment = Uint8Array.of(0xff, 0xe1, 0, exif.length + 2, ...exif);
  const turned = await decodeImage(concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]));
  assert.deepEqual([turned.width, turned.height], [24, 32]);
  // Red grew to the right, now it grows downwards.
  assert.ok(turned.data[0]! < 30 && turned.data[31 * 24 * 3]! > 190);
});

Deno.test("decodeImage() refuses a JPEG whose compressed data ends early, though its end marker is there", async () => {
  const jpeg = await encodeImage(gradient(3), { format: "jpg" });
  const cut = concat([jpeg.subarray(0, jpeg.length * 0.8), Uint8Array.of(0xff, 0xd9)]);
  await assert.rejects(decodeImage(cut), { name: "CheckpointError", message: /Premature|Corrupt/ });
});

Deno.test("any damage to a picture is a CheckpointError or leaves a whole picture", async () => {
  const small: Pixels = { ...gradient(3), height: 8, data: gradient(3).data.subarray(0, 32 * 8 * 3) };
  for (const format of imageFormats) {
    const good = await encodeImage(small, { format });
    const change = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(good.length)),
        async (changes, cut) => {
          const bad = good.slice(0, cut ?? good.length);
          for (const [at, byte] of changes) if (at < bad.length) bad[at] = byte;
          try {
            const { width, height, channels, data } = await decodeImage(bad);
            assert.equal(data.length, width * height * channels);
          } catch (error) {
            assert.ok(error instanceof CheckpointError, String(error));
          }
        },
      ),
      { numRuns: 100 },
    );
  }
});
