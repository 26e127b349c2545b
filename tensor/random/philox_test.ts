import assert from "node:assert/strict";
import { philox4x32, type Words4 } from "./philox.ts";

// The lines "philox4x32 10" of kat_vectors in the authors' Random123 library.
const vectors: [string, Words4, [number, number], Words4][] = [
  ["zeros", [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
  [
    "ones",
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    "digits of pi",
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

for (const [name, counter, key, expected] of vectors) {
  Deno.test(`philox4x32() equals Random123's known answer for ${name}`, () => {
    assert.deepEqual(philox4x32(counter, key), expected);
  });
}
