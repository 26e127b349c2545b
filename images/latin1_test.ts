import assert from "node:assert/strict";
import { latin1Bytes, latin1Text } from "./latin1.ts";

Deno.test("every byte is one character in ISO 8859-1, and comes back", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i & 255);
  const text = latin1Text(bytes);
  assert.equal(text.length, 10_000);
  assert.equal(text[0x80], "\x80");
  assert.deepEqual(latin1Bytes(text), bytes);
});
