import assert from "node:assert/strict";
import { concat } from "./concat.ts";

Deno.test("concat() joins views of other buffers, empty ones included", () => {
  const buffer = Uint8Array.of(0, 1, 2, 3, 4);
  assert.deepEqual([...concat([buffer.subarray(3), new Uint8Array(), buffer.subarray(1, 2)])], [3, 4, 1]);
  assert.equal(concat([]).length, 0);
});
