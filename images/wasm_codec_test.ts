import assert from "node:assert/strict";
import { defaultOptions } from "@jsquash/webp/meta.js";
import { instantiateCodec } from "./wasm_codec.ts";

Deno.test("libwebp without loss gives every pixel back", async () => {
  const data = Uint8Array.from({ length: 4 * 4 * 4 }, (_, i) => i % 4 === 3 ? 255 : (i * 53) % 256);
  const encoder = await instantiateCodec("webpEncoder");
  const webp = encoder.encode(data, 4, 4, { ...defaultOptions, lossless: 1 });
  const decoder = await instantiateCodec("webpDecoder");
  const image = decoder.decode(webp!)!;
  assert.deepEqual([image.width, image.height], [4, 4]);
  assert.deepEqual([...image.data], [...data]);
});

Deno.test("a codec that failed leaves the next instance whole", async () => {
  const failing = await instantiateCodec("jpegDecoder");
  assert.throws(() => failing.decode(Uint8Array.of(0xff, 0xd8, 0xff, 0xdb, 0, 3, 0xff, 0xff, 0xd9), true));
  assert.match(failing.messages.join(), /Bogus|Premature|DQT/);
  const encoder = await instantiateCodec("jpegEncoder");
  const { defaultOptions } = await import("@jsquash/jpeg/meta.js");
  const jpeg = encoder.encode(new Uint8Array(8 * 8 * 4).fill(128), 8, 8, defaultOptions);
  const decoder = await instantiateCodec("jpegDecoder");
  assert.ok(
    decoder.decode(jpeg!, true)!.data.every((value, i) => i % 4 === 3 ? value === 255 : Math.abs(value - 128) < 2),
  );
  assert.deepEqual(decoder.messages, []);
});
