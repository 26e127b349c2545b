import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { decodeImage, encodeImage } from "./codec.ts";
import { markers, readJpegSegments } from "./jpeg_segments.ts";
import { readJpegXmp, writeJpegXmp } from "./jpeg_xmp.ts";

const picture = await encodeImage({ width: 9, height: 9, channels: 1, data: new Uint8Array(81) }, { format: "jpg" });

function segmentMarkers(jpeg: Uint8Array): number[] {
  return [...readJpegSegments(jpeg)].map(({ marker }) => marker);
}

Deno.test("a short packet is one segment behind JFIF's", () => {
  const values = { parameters: "a & b", config: "{}" };
  const jpeg = writeJpegXmp(picture, values);
  assert.deepEqual(readJpegXmp(jpeg), values);
  assert.deepEqual(segmentMarkers(jpeg).slice(0, 3), [markers.startOfImage, markers.app0, markers.app1]);
});

Deno.test("a packet that is longer than a segment is extended over several, in whatever order", () => {
  const values = { parameters: "ü".repeat(100_000), config: '"' + "x".repeat(70_000) + '"' };
  const jpeg = writeJpegXmp(picture, values);
  assert.deepEqual(readJpegXmp(jpeg), values);
  const segments = [...readJpegSegments(jpeg)];
  const parts = segments.filter(({ marker }) => marker === markers.app1);
  assert.equal(parts.length, 1 + 5);
  const shuffled = segments.toSorted((a, b) => parts.indexOf(b) - parts.indexOf(a));
  const start = segments.filter(({ marker }) => marker === markers.startOfImage);
  const bytes = [...start, ...shuffled.filter((segment) => !start.includes(segment))].flatMap((
    { bytes },
  ) => [...bytes]);
  assert.deepEqual(readJpegXmp(Uint8Array.from(bytes)), values);
});

Deno.test("writing again replaces the packet, extended or not", () => {
  const long = writeJpegXmp(picture, { parameters: "x".repeat(100_000) });
  const short = writeJpegXmp(long, { parameters: "y" });
  assert.deepEqual(readJpegXmp(short), { parameters: "y" });
  assert.deepEqual(short, writeJpegXmp(picture, { parameters: "y" }));
});

Deno.test("an extended packet that lacks a part is a CheckpointError", () => {
  const jpeg = writeJpegXmp(picture, { parameters: "x".repeat(150_000) });
  const segments = [...readJpegSegments(jpeg)];
  const parts = segments.filter(({ marker }) => marker === markers.app1);
  assert.equal(parts.length, 4);
  for (const missing of parts.slice(1)) {
    const bytes = segments.filter((segment) => segment !== missing).flatMap(({ bytes }) => [...bytes]);
    assert.throws(() => readJpegXmp(Uint8Array.from(bytes)), CheckpointError);
  }
});

Deno.test("metadata does not touch the pixels", async () => {
  const jpeg = writeJpegXmp(picture, { parameters: "x".repeat(100_000) });
  assert.deepEqual(await decodeImage(jpeg), await decodeImage(picture));
  assert.deepEqual(readJpegXmp(picture), {});
});
