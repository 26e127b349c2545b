import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { isFrame, markers, readJpegSegments } from "./jpeg_segments.ts";

const jpeg = Uint8Array.of(
  ...[0xff, 0xd8],
  ...[0xff, 0xe0, 0, 4, 1, 2],
  // Padding before a marker.
  ...[0xff, 0xff, 0xda, 0, 3, 9],
  // Compressed data with a stuffed byte and a restart marker.
  ...[5, 0xff, 0, 6, 0xff, 0xd0, 7],
  ...[0xff, 0xd9],
  ...[99, 99],
);

Deno.test("readJpegSegments() walks to the end marker and keeps every byte before it", () => {
  const segments = [...readJpegSegments(jpeg)];
  assert.deepEqual(segments.map(({ marker }) => marker), [0xd8, 0xe0, 0xda, 0xd9]);
  assert.deepEqual(segments.map(({ data }) => [...data]), [[], [1, 2], [9], []]);
  assert.deepEqual(segments.flatMap(({ bytes }) => [...bytes]), [...jpeg.subarray(0, -2)]);
});

Deno.test("readJpegSegments() notices a cut at any byte", () => {
  for (let at = 0; at < jpeg.length - 2; at++) {
    assert.throws(() => [...readJpegSegments(jpeg.subarray(0, at))], CheckpointError, `cut at ${at}`);
  }
});

Deno.test("readJpegSegments() refuses impossible markers and lengths", () => {
  const start = [0xff, markers.startOfImage];
  for (const bytes of [[1, 2, 3, 4], [0xff, 0, 0, 2], [0xff, 0xd0, 0, 2], [0xff, 0xd8, 0, 2], [0xff, 0xe0, 0, 1]]) {
    assert.throws(() => [...readJpegSegments(Uint8Array.of(...start, ...bytes, 0xff, 0xd9))], CheckpointError);
  }
});

Deno.test("isFrame() tells frames from tables", () => {
  assert.deepEqual([0xc0, 0xc2, 0xcf].map(isFrame), [true, true, true]);
  assert.deepEqual([0xc4, 0xc8, 0xcc, 0xda, 0xe1].map(isFrame), [false, false, false, false, false]);
});
