import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../../errors.ts";
import { decodeNpy, isNpy } from "./npy.ts";
import { npyFile } from "./_test_files.ts";

Deno.test("decodeNpy() reads any number of channels of 8 and 16 bits and of floats", () => {
  const bytes = decodeNpy(npyFile("|u1", [1, 2, 5], Uint8Array.from({ length: 10 }, (_, i) => i)));
  assert.deepEqual(bytes, {
    ...{ width: 2, height: 1, channels: 5, depth: 8 },
    data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
  });
  const words = decodeNpy(npyFile("<u2", [2, 1], Uint8Array.of(1, 2, 3, 4)));
  assert.deepEqual(words, { width: 1, height: 2, channels: 1, depth: 16, data: Uint16Array.of(0x201, 0x403) });
  const floats = Float32Array.of(0, 0.5, 1);
  const { depth, data } = decodeNpy(npyFile("<f4", [1, 1, 3], new Uint8Array(floats.buffer)));
  assert.equal(depth, 32);
  assert.deepEqual(data, floats);
});

Deno.test("decodeNpy() turns big-endian samples around", () => {
  assert.deepEqual(decodeNpy(npyFile(">u2", [1, 2], Uint8Array.of(1, 2, 3, 4))).data, Uint16Array.of(0x102, 0x304));
});

Deno.test("decodeNpy() refuses other types, shapes and orders, missing data and numbers that are not finite", () => {
  assert.throws(() => decodeNpy(npyFile("<f8", [1, 1], new Uint8Array(8))), /expected uint8, uint16 or float32/);
  assert.throws(() => decodeNpy(npyFile("|u1", [4], new Uint8Array(4))), /expected \[height, width\]/);
  assert.throws(() => decodeNpy(npyFile("|u1", [0, 4], new Uint8Array())), /expected \[height, width\]/);
  assert.throws(() => decodeNpy(npyFile("|u1", [2, 2], new Uint8Array(3))), /has 3 of 4 bytes/);
  assert.throws(() => decodeNpy(npyFile("|u1", [99999, 99999], new Uint8Array(3))), /too large: \[99999, 99999\]/);
  const nan = new Uint8Array(Float32Array.of(NaN).buffer);
  assert.throws(() => decodeNpy(npyFile("<f4", [1, 1], nan)), /NaN or infinity/);
  const fortran = npyFile("|u1", [1, 1], Uint8Array.of(1));
  fortran.set(new TextEncoder().encode("True "), new TextDecoder("latin1").decode(fortran).indexOf("False"));
  assert.throws(() => decodeNpy(fortran), /not in C order/);
});

Deno.test("any damage to an array is a CheckpointError or leaves a picture", () => {
  const good = npyFile("<u2", [2, 2, 3], new Uint8Array(24));
  assert.ok(isNpy(good));
  fc.assert(fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
    for (const bad of [good.with(at, byte), good.slice(0, at)]) {
      try {
        decodeNpy(bad);
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
      }
    }
  }));
});
