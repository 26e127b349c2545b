import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { readWebpChunks, readWebpHeader, writeWebpChunks } from "./webp_chunks.ts";

const chunks = [
  { type: "VP8X", data: Uint8Array.of(0x14, 0, 0, 0, 0xff, 0x03, 0, 1, 0, 0) },
  { type: "XMP ", data: Uint8Array.of(1, 2, 3) },
  { type: "ABCD", data: new Uint8Array() },
];

Deno.test("chunks come back as they were written, odd lengths padded", () => {
  const webp = writeWebpChunks(chunks);
  assert.equal(webp.length % 2, 0);
  assert.deepEqual(readWebpChunks(webp), chunks);
  assert.deepEqual(readWebpChunks(new Uint8Array([...webp, 7, 7])), chunks);
});

Deno.test("readWebpChunks() notices a cut at any byte and chunks that do not fit", () => {
  const webp = writeWebpChunks(chunks);
  for (let at = 0; at < webp.length; at++) {
    assert.throws(() => readWebpChunks(webp.subarray(0, at)), CheckpointError, `cut at ${at}`);
  }
  assert.throws(() => readWebpChunks(webp.with(16, 0xff)), /its chunk at byte 12 needs/);
});

Deno.test("readWebpHeader() reads lossy, lossless and extended pictures", () => {
  assert.deepEqual(readWebpHeader(chunks), { width: 1024, height: 2, hasAlpha: true });
  const lossy = Uint8Array.of(0, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x44, 0x02, 0x80);
  // The upper two bits of each side are a scaling hint.
  assert.deepEqual(readWebpHeader([{ type: "VP8 ", data: lossy }]), { width: 1024, height: 2, hasAlpha: false });
  const lossless = new Uint8Array(5);
  lossless[0] = 0x2f;
  new DataView(lossless.buffer).setUint32(1, 1023 | 1 << 14 | 1 << 28, true);
  assert.deepEqual(readWebpHeader([{ type: "VP8L", data: lossless }]), { width: 1024, height: 2, hasAlpha: true });
});

Deno.test("readWebpHeader() refuses what is no picture", () => {
  for (const list of [[], [{ type: "VP8 ", data: new Uint8Array(10) }], [{ type: "VP8X", data: new Uint8Array(9) }]]) {
    assert.throws(() => readWebpHeader(list), CheckpointError);
  }
});
