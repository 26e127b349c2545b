import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { encodeImage } from "./codec.ts";
import { concat } from "./concat.ts";
import { imageFormats, readImageHeader } from "./format.ts";

const pixels = { width: 5, height: 3, channels: 3, data: new Uint8Array(45).fill(99) } as const;

Deno.test("readImageHeader() recognises each format by its content", async () => {
  for (const format of imageFormats) {
    const bytes = await encodeImage(pixels, { format });
    assert.deepEqual(readImageHeader(bytes), { format, width: 5, height: 3 });
    assert.throws(() => readImageHeader(bytes.subarray(0, -1)), CheckpointError, `${format} cut`);
  }
});

Deno.test("readImageHeader() says that an empty file or another format is no picture", () => {
  assert.throws(() => readImageHeader(new Uint8Array()), /it is empty/);
  assert.throws(() => readImageHeader(new TextEncoder().encode("GIF89a")), /no PNG, JPEG or WebP/);
  for (const start of ["\x89PNG", "\xff\xd8", "RIFF", "RI"]) {
    assert.throws(() => readImageHeader(Uint8Array.from(start, (c) => c.charCodeAt(0))), CheckpointError);
  }
});

/** A JPEG of headers alone. */
function jpeg({ frames, scans }: { frames: number[][]; scans: number }): Uint8Array {
  const segment = (marker: number, data: number[]) => [0xff, marker, 0, data.length + 2, ...data];
  return Uint8Array.of(
    ...[0xff, 0xd8],
    ...frames.flatMap((size) => segment(0xc2, [8, ...size, 0])),
    ...Array.from({ length: scans }, () => segment(0xda, [0])).flat(),
    ...[0xff, 0xd9],
  );
}

Deno.test("a JPEG with giant sides, two frames, no picture or countless scans is refused undecoded", () => {
  const size = [0, 4, 0, 6];
  assert.deepEqual(readImageHeader(jpeg({ frames: [size], scans: 1 })), { format: "jpg", width: 6, height: 4 });
  assert.throws(() => readImageHeader(jpeg({ frames: [[255, 255, 255, 255]], scans: 1 })), /found 65535x65535/);
  assert.throws(() => readImageHeader(jpeg({ frames: [[0, 0, 0, 6]], scans: 1 })), /found 6x0/);
  assert.throws(() => readImageHeader(jpeg({ frames: [size, size], scans: 1 })), /no single valid frame/);
  assert.throws(() => readImageHeader(jpeg({ frames: [], scans: 1 })), /no picture/);
  assert.throws(() => readImageHeader(jpeg({ frames: [size], scans: 0 })), /no picture/);
  assert.throws(() => readImageHeader(jpeg({ frames: [size], scans: 101 })), /more than 100 scans/);
});

Deno.test("a WebP with giant sides is refused undecoded", () => {
  const giant = Uint8Array.of(0, 0, 0, 0, 255, 255, 255, 255, 255, 255);
  const body = concat([new TextEncoder().encode("WEBPVP8X"), Uint8Array.of(10, 0, 0, 0), giant]);
  const webp = concat([new TextEncoder().encode("RIFF"), Uint8Array.of(body.length, 0, 0, 0), body]);
  assert.throws(() => readImageHeader(webp), /found 16777216x16777216/);
});
