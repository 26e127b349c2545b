import assert from "node:assert/strict";
import { readFixture } from "../../tests/read_fixture.ts";
import type { Picture } from "./picture.ts";
import { placePicture, transformPicture } from "./transform.ts";

const fixture = readFixture("../compressor/preprocess");
const { shape: [height, width], data } = fixture.tensor<"uint8">("image");
const image: Picture = { width: width!, height: height!, channels: 3, depth: 8, data };
const draws = { cropX: 0.99, cropY: 0.5, flip: 0.4, background: 0 };

/** [c, h, w] of [h, w, c]. */
function planesOf({ width, height, channels, data }: Picture, scale: number): Float32Array {
  const size = width * height;
  return Float32Array.from(data, (_, i) => data[(i % size) * channels + Math.floor(i / size)]! * scale);
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

/** A picture of one channel whose pixel (x, y) is 10y + x. */
function numbered(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: width * height }, (_, i) => 10 * Math.floor(i / width) + i % width);
  return { width, height, channels: 1, depth: 8, data };
}

for (const filter of ["bicubic", "bilinear", "box"] as const) {
  Deno.test(`transformPicture() is within a level of Pillow's resize: ${filter}`, () => {
    const expected = fixture.tensor<"uint8">(`pil.${filter}.77x51`).data;
    const size = { width: 77, height: 51 };
    const planes = planesOf({ ...size, channels: 3, depth: 8, data: expected }, 1 / 255);
    const found = transformPicture(image, { size }, { channels: 3, filter });
    const further = found.filter((value, i) => Math.abs(value - planes[i]!) > 1.01 / 255).length;
    // Pillow also clamps between its passes, which a bicubic filter shows at the brightest and darkest edges.
    assert.ok(further <= (filter === "bicubic" ? found.length / 1000 : 0), `${further} of ${found.length}`);
  });
}

Deno.test("transformPicture() is torch's antialiased resize, clamped", () => {
  const size = { width: 72, height: 48 };
  for (const filter of ["bicubic", "bilinear"] as const) {
    const name = `torch.${filter}_aa.48`;
    const expected = fixture.tensor(name).data.map((value) => Math.min(Math.max(value, 0), 1));
    assert.ok(
      largestDifference(transformPicture(image, { size }, { channels: 3, filter }), expected) < fixture.atol(name),
    );
  }
});

Deno.test("the central crop is that of the published training", () => {
  const name = "torch.v2_effnet.64";
  const [mean, std] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];
  const plane = 64 * 64;
  const expected = fixture.tensor(name).data.map((value, i) => {
    const c = Math.floor(i / plane);
    return value * std[c]! + mean[c]!;
  });
  const found = transformPicture(image, { size: { width: 64, height: 64 } }, { channels: 3, filter: "bilinear" });
  assert.ok(largestDifference(found, expected) < fixture.atol(name));
});

Deno.test("8 and 16 bits become the same numbers from 0 to 1", () => {
  const size = { width: 3, height: 1 };
  const bytes: Picture = { ...size, channels: 1, depth: 8, data: Uint8Array.of(0, 51, 255) };
  const words: Picture = { ...size, channels: 1, depth: 16, data: Uint16Array.of(0, 51 * 257, 65535) };
  const floats: Picture = { ...size, channels: 1, depth: 32, data: Float32Array.of(0, 0.2, 1) };
  for (const picture of [bytes, words, floats]) {
    const found = transformPicture(picture, { size }, { channels: 1 });
    assert.ok(largestDifference(found, Float32Array.of(0, 0.2, 1)) < 1e-7);
  }
});

Deno.test("a picture of the wanted size is only reordered, whatever the filter and the number of channels", () => {
  const size = { width: 4, height: 3 };
  const picture: Picture = { ...size, channels: 13, depth: 8, data: Uint8Array.from({ length: 156 }, (_, i) => i) };
  const found = transformPicture(picture, { size }, { channels: 13, filter: "lanczos" });
  assert.ok(largestDifference(found, planesOf(picture, 1 / 255)) < 1e-7);
});

Deno.test("a random crop moves along the longer side, and fit native cuts at the picture's own scale", () => {
  const size = { width: 2, height: 2 };
  const options = { channels: 1, crop: "random" } as const;
  const values = (picture: Picture, more: object) =>
    [...transformPicture(picture, { size, draws }, { ...options, ...more })].map((value) => Math.round(value * 255));
  assert.deepEqual(values(numbered(6, 2), {}), [4, 5, 14, 15]);
  assert.deepEqual(values(numbered(6, 5), { fit: "native" }), [24, 25, 34, 35]);
  assert.deepEqual(values(numbered(6, 5), { fit: "native", crop: "center" }), [12, 13, 22, 23]);
  // Too small for its own scale, it is resized after all.
  assert.deepEqual(placePicture({ width: 1, height: 3 }, { size, draws }, { ...options, fit: "native" }), {
    ...{ width: 2, height: 6, left: 0, top: 2, isMirrored: false },
  });
});

Deno.test("a mirrored picture is the picture from right to left, crop included", () => {
  const size = { width: 3, height: 2 };
  const options = { channels: 1, crop: "random", flip: true } as const;
  const plain = transformPicture(numbered(7, 2), { size, draws: { ...draws, flip: 0.5 } }, options);
  const mirrored = transformPicture(numbered(7, 2), { size, draws }, options);
  assert.deepEqual(mirrored, Float32Array.of(...[2, 1, 0, 5, 4, 3].map((i) => plain[i]!)));
  assert.deepEqual(
    transformPicture(numbered(7, 2), { size }, options),
    transformPicture(numbered(7, 2), { size }, {
      channels: 1,
    }),
  );
});

Deno.test("transformPicture() writes where it is told, and refuses sizes that are not possible", () => {
  const out = new Float32Array(8).fill(9);
  transformPicture(numbered(2, 2), { size: { width: 2, height: 2 }, out: out.subarray(4) }, { channels: 1 });
  assert.deepEqual([...out.subarray(0, 4)], [9, 9, 9, 9]);
  assert.ok(out.subarray(4).every((value) => value < 1));
  assert.throws(() => transformPicture(numbered(2, 2), { size: { width: 0, height: 2 } }, { channels: 1 }), RangeError);
});
