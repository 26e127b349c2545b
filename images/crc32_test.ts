import assert from "node:assert/strict";
import { crc32 as reference } from "node:zlib";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";

Deno.test("crc32() is that of zlib", () => {
  assert.equal(crc32(new TextEncoder().encode("IEND")), 0xae426082);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(crc32(bytes), reference(bytes))));
});
