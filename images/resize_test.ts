import assert from "node:assert/strict";
import fc from "fast-check";
import type { ResampleFilter } from "../tensor/resample.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { assertClose, readFixture } from "../tests/read_fixture.ts";
import type { Pixels } from "./pixels.ts";
import { resize, resizePlanes } from "./resize.ts";

const fixture = readFixture("../compressor/preprocess");

function pixelsOf({ shape: [height, width, channels], data }: Tensor<"uint8">): Pixels {
  return { width: width!, height: height!, channels: channels as 3 | 4, data };
}

/** [h, w, 3] bytes as [3, h, w] numbers 0…1 (torchvision's `ToTensor`). */
function planesOf({ shape: [height, width], data }: Tensor<"uint8">): Tensor<"float32"> {
  const size = height! * width!;
  return tensor(
    "float32",
    [3, height!, width!],
    Float32Array.from(data, (_, i) => data[(i % size) * 3 + Math.floor(i / size)]! / 255),
  );
}

for (const { name, shape } of fixture.manifest.tensors.filter(({ name }) => name.startsWith("pil."))) {
  Deno.test(`resize() gives Pillow's bytes: ${name.slice(4)}`, () => {
    const source = pixelsOf(fixture.tensor<"uint8">(shape[2] === 4 ? "rgba" : "image"));
    const filter = name.split(".").at(-2) as ResampleFilter;
    const result = resize(source, { width: shape[1]!, height: shape[0]! }, { filter });
    assert.equal(result.channels, shape[2]);
    assert.deepEqual(result.data, fixture.tensor<"uint8">(name).data);
  });
}

const planes = planesOf(fixture.tensor<"uint8">("image"));
const torch: Record<string, { width: number; height: number; filter: ResampleFilter }> = {
  "torch.bilinear_aa.48": { width: 72, height: 48, filter: "bilinear" },
  "torch.bicubic_aa.48": { width: 72, height: 48, filter: "bicubic" },
  "torch.bilinear_aa.140.top": { width: 210, height: 140, filter: "bilinear" },
  "torch.bicubic_aa.140.top": { width: 210, height: 140, filter: "bicubic" },
  "torch.nearest_3_4": { width: 128, height: 96, filter: "nearest" },
};

for (const [name, { filter, ...size }] of Object.entries(torch)) {
  Deno.test(`resizePlanes() gives torch's numbers: ${name.slice(6)}`, () => {
    const expected = fixture.tensor(name);
    const rows = expected.shape[1]!;
    const { data } = resizePlanes(planes, size, { filter });
    const top = Float32Array.from(expected.data, (_, i) => {
      const plane = Math.floor(i / (rows * size.width));
      return data[plane * size.height * size.width + i % (rows * size.width)]!;
    });
    assertClose({ ...expected, data: top }, expected, fixture.atol(name), name);
  });
}

Deno.test("resizePlanes() keeps all leading axes", () => {
  const batch = tensor("float32", [2, 1, 1, 2], Float32Array.of(0, 1, 10, 20));
  const { shape, data } = resizePlanes(batch, { width: 1, height: 2 }, { filter: "box" });
  assert.deepEqual(shape, [2, 1, 2, 1]);
  assert.deepEqual([...data], [0.5, 0.5, 15, 15]);
  assert.throws(
    () => resizePlanes(tensor("float32", [3]), { width: 1, height: 1 }),
    /Expected planes \[\.\.\., h, w\]/,
  );
});

Deno.test("a picture of one colour keeps it at any size, alpha included", () => {
  const side = fc.integer({ min: 1, max: 30 });
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(fc.property(side, side, side, side, byte, (w, h, width, height, value) => {
    const pixels: Pixels = { width: w, height: h, channels: 1, data: new Uint8Array(w * h).fill(value) };
    for (const filter of ["box", "bilinear", "bicubic", "lanczos"] as const) {
      assert.ok(resize(pixels, { width, height }, { filter }).data.every((sample) => sample === value), filter);
    }
    const opaque: Pixels = { width: w, height: h, channels: 4, data: new Uint8Array(w * h * 4).fill(255) };
    assert.ok(resize(opaque, { width, height }).data.every((sample) => sample === 255));
  }));
});

Deno.test("the colour of invisible pixels does not bleed into visible ones", () => {
  // Transparent red beside opaque blue.
  const pixels: Pixels = { width: 2, height: 1, channels: 4, data: Uint8Array.of(255, 0, 0, 0, 0, 0, 255, 255) };
  assert.deepEqual([...resize(pixels, { width: 1, height: 1 }, { filter: "box" }).data], [0, 0, 255, 128]);
});

Deno.test("resize() to the same size copies", () => {
  const pixels: Pixels = { width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) };
  const same = resize(pixels, pixels);
  assert.deepEqual(same, pixels);
  assert.notEqual(same.data, pixels.data);
});

Deno.test("resize() refuses sizes that are not possible", () => {
  const pixels: Pixels = { width: 1, height: 1, channels: 1, data: Uint8Array.of(0) };
  assert.throws(() => resize(pixels, { width: 0, height: 1 }), RangeError);
  assert.throws(() => resize(pixels, { width: 1, height: 1.5 }), RangeError);
  assert.throws(() => resize(pixels, { width: 1e5, height: 1e5 }), /Expected a picture of at most 67108864 pixels/);
});
