import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { aspectBuckets, aspectRatios, nearestBucket } from "./buckets.ts";

interface BucketFixture {
  ratios_w_over_h: number[];
  sizes_hw: [number, number][];
  assignments: { image_hw: [number, number]; ratio_index: number }[];
}

const fixture = new URL("../../tests/fixtures/compressor/buckets/buckets.json", import.meta.url);
const { buckets }: { buckets: Record<string, BucketFixture> } = JSON.parse(readFileSync(fixture, "utf8"));

for (const [name, { ratios_w_over_h, sizes_hw, assignments }] of Object.entries(buckets)) {
  Deno.test(`aspectBuckets() and nearestBucket() agree with Stable Cascade's: ${name}`, () => {
    const [, area, multiple] = /density (\d+) factor (\d+)/.exec(name)!;
    assert.deepEqual([...aspectRatios], ratios_w_over_h);
    const sizes = aspectBuckets({ area: Number(area), multiple: Number(multiple) });
    assert.deepEqual(sizes.map(({ width, height }) => [height, width]), sizes_hw);
    for (const { image_hw: [height, width], ratio_index } of assignments) {
      assert.equal(nearestBucket({ width, height }), ratio_index);
    }
  });
}

Deno.test("aspectBuckets() refuses sizes that are not possible", () => {
  assert.throws(() => aspectBuckets({ area: 0, multiple: 8 }), /Expected area to be greater than 0/);
  assert.throws(() => aspectBuckets({ area: 64, multiple: 8 }), /Expected an area of room for multiples of 8/);
});
