import assert from "node:assert/strict";
import { readPngText } from "./png_chunks.ts";
import { compressPng } from "./png_compress.ts";
import { decodePng } from "./png_decode.ts";

Deno.test("compressPng() writes the pixels and texts that are read again", async () => {
  for (const channels of [1, 3, 4] as const) {
    const data = Uint8Array.from({ length: 7 * 5 * channels }, (_, i) => (i * 37) % 251);
    const picture = { width: 7, height: 5, channels, data };
    const png = await compressPng(picture, { texts: { parameters: "ein Apfel", wuerstchen: '{"a":"☃"}' } });
    assert.deepEqual(decodePng(png), picture);
    assert.equal(readPngText(png, "parameters"), "ein Apfel");
    assert.equal(readPngText(png, "wuerstchen"), '{"a":"☃"}');
  }
});

Deno.test("compressPng() refuses pixels that are no picture", async () => {
  await assert.rejects(compressPng({ width: 2, height: 2, channels: 3, data: new Uint8Array(5) }), RangeError);
});
