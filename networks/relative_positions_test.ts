import assert from "node:assert/strict";
import { relativeBuckets } from "./relative_positions.ts";

const cases: { buckets: number; maxDistance: number; tokens: number; expected: number[] }[] = JSON.parse(
  Deno.readTextFileSync(new URL("../tests/fixtures/t5/buckets.json", import.meta.url)),
);

for (const { buckets, maxDistance, tokens, expected } of cases) {
  Deno.test(`relative positions up to ${tokens} lie in the reference's buckets: ${buckets} up to ${maxDistance}`, () => {
    const found = relativeBuckets(tokens, { buckets, maxDistance });
    // The last row sees every key behind it, the first row every key before it.
    const behind = Array.from(found.subarray((tokens - 1) * tokens), Number);
    const ahead = Array.from(found.subarray(1, tokens), Number);
    assert.deepEqual([...behind, ...ahead], expected);
  });
}
