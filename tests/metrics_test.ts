/** Metrics against numbers that other libraries gave. */
import assert from "node:assert/strict";
import type { Pixels } from "../images/pixels.ts";
import { ssim } from "../images/ssim.ts";
import { frechetDistance } from "../plugins/builtin/frechet_distance.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import goldens from "./fixtures/metrics/goldens.json" with { type: "json" };

/** A congruential generator on whole numbers, which every language computes alike. */
function* randomIntegers(seed: number): Generator<number, never> {
  for (let state = BigInt(seed);;) {
    state = (state * 1103515245n + 12345n) % 2n ** 31n;
    yield Number(state);
  }
}

function pictureOf({ height, width, channels }: Omit<Pixels, "data">, seed: number): Pixels {
  const numbers = randomIntegers(seed);
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const slope = 3 * (pixel % width) + 5 * Math.floor(pixel / width) + 40 * (i % channels);
    return (slope * 2 + (numbers.next().value >> 16) % 60) % 256;
  });
  return { height, width, channels, data };
}

function featuresOf(points: number, width: number, { seed }: { seed: number }): Tensor<"float32"> {
  const numbers = randomIntegers(seed);
  const value = (i: number) => ((numbers.next().value >> 8) % 2001 - 1000) / 1000 * (1 + i % width) / width;
  return tensor("float32", [points, width], Float32Array.from({ length: points * width }, (_, i) => value(i)));
}

Deno.test("ssim() gives scikit-image's numbers", () => {
  for (const { seeds: [a, b], value, ...size } of goldens.ssim as (Omit<Pixels, "data"> & GoldenCase)[]) {
    const [one, other] = [pictureOf(size, a!), pictureOf(size, b!)];
    const mixed = other.data.map((byte, i) => Math.floor((2 * one.data[i]! + byte) / 3));
    const found = ssim(one, { ...other, data: a === b ? one.data : mixed });
    assert(Math.abs(found - value) < 1e-9, `${found} and not ${value}`);
  }
});

interface GoldenCase {
  readonly seeds: readonly number[];
  readonly value: number;
}

Deno.test("ssim() is the same from either side, and refuses pictures that no window fits in or that differ in size", () => {
  const size = { height: 12, width: 11, channels: 3 } as const;
  const [one, other] = [pictureOf(size, 1), pictureOf(size, 2)];
  assert(Math.abs(ssim(one, other) - ssim(other, one)) < 1e-12);
  assert(ssim(one, other) < 1);
  assert.throws(
    () => ssim(one, pictureOf({ ...size, width: 12 }, 1)),
    /Expected two pictures of one size but found 12x11x3/,
  );
  const flat = pictureOf({ ...size, height: 10 }, 1);
  assert.throws(() => ssim(flat, flat), /Expected sides of at least 11 pixels but found 11x10/);
});

Deno.test("frechetDistance() gives the numbers of scipy's eigenvalues, with more points than numbers and with fewer", () => {
  for (const { points: [n, m], width, seeds: [a, b], value } of goldens.frechet) {
    const found = frechetDistance(featuresOf(n!, width, { seed: a! }), featuresOf(m!, width, { seed: b! }));
    assert(Math.abs(found - value) < 2e-6 * value, `${found} and not ${value}`);
  }
});

Deno.test("frechetDistance() is nothing between a set and itself, and the squared way of a set that is moved", () => {
  const set = featuresOf(30, 8, { seed: 1 });
  assert(frechetDistance(set, set) < 1e-9);
  const moved = tensor("float32", set.shape, set.data.map((value) => value + 2));
  assert(Math.abs(frechetDistance(set, moved) - 8 * 4) < 1e-4);
  assert.throws(
    () => frechetDistance(set, featuresOf(30, 7, { seed: 1 })),
    /Expected points of 8 numbers each but found 7/,
  );
  assert.throws(() => frechetDistance(featuresOf(1, 8, { seed: 1 }), set), /Expected at least 2 points but found 1/);
});
