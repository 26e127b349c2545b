import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { decodeImage, encodeImage } from "./codec.ts";
import { readWebpChunks, writeWebpChunks } from "./webp_chunks.ts";
import { readWebpXmp, writeWebpXmp } from "./webp_xmp.ts";

const opaque = await encodeImage({ width: 9, height: 5, channels: 3, data: new Uint8Array(135) }, { format: "webp" });
const clear = await encodeImage({ width: 9, height: 5, channels: 4, data: new Uint8Array(180) }, { format: "webp" });

Deno.test("XMP is the last chunk, announced in the extended header", () => {
  const values = { parameters: "a & b", config: "{}" };
  const webp = writeWebpXmp(opaque, values);
  assert.deepEqual(readWebpXmp(webp), values);
  const chunks = readWebpChunks(webp);
  assert.deepEqual(chunks.map(({ type }) => type), ["VP8X", "VP8 ", "XMP "]);
  // Flag of XMP, three reserved bytes, sides less one.
  assert.deepEqual([...chunks[0]!.data], [4, 0, 0, 0, 8, 0, 0, 4, 0, 0]);
});

Deno.test("writing again replaces the packet and keeps the flags", () => {
  const once = writeWebpXmp(clear, { parameters: "x" });
  assert.equal(readWebpChunks(once)[0]!.data[0]! & 0x14, 0x14);
  const twice = writeWebpXmp(once, { parameters: "y" });
  assert.deepEqual(readWebpXmp(twice), { parameters: "y" });
  assert.equal(twice.length, once.length);
});

Deno.test("metadata does not touch the pixels", async () => {
  for (const webp of [opaque, clear]) {
    assert.deepEqual(await decodeImage(writeWebpXmp(webp, { parameters: "x" })), await decodeImage(webp));
    assert.deepEqual(readWebpXmp(webp), {});
  }
});

Deno.test("a packet that is not UTF-8 is a CheckpointError", () => {
  const webp = writeWebpChunks([...readWebpChunks(opaque), { type: "XMP ", data: Uint8Array.of(0xff, 0xfe) }]);
  assert.throws(() => readWebpXmp(webp), CheckpointError);
});
