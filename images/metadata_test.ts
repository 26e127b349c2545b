import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { decodeImage, encodeImage } from "./codec.ts";
import { type ImageFormat, imageFormats } from "./format.ts";
import { maxTextBytes, readMetadata, writeMetadata } from "./metadata.ts";
import { insertPngText } from "./png_chunks.ts";

const pixels = { width: 8, height: 4, channels: 3, data: new Uint8Array(96).fill(200) } as const;
const pictures = Object.fromEntries(
  await Promise.all(imageFormats.map(async (format) => [format, await encodeImage(pixels, { format })])),
) as Record<ImageFormat, Uint8Array>;

Deno.test("metadata comes back from every format and leaves the pixels alone", async () => {
  const record = { prompt: 'a <red> & "apple" 🍎 日本', seed: 2 ** 32 - 1, nested: [{ weights: null }] };
  for (const format of imageFormats) {
    const texts = { parameters: "a red apple\nSteps: 60, Seed: 7", wuerstchen: JSON.stringify(record) };
    const bytes = writeMetadata(pictures[format], format, texts);
    assert.deepEqual(readMetadata(bytes), {
      format,
      width: 8,
      height: 4,
      parameters: texts.parameters,
      wuerstchen: record,
    });
    assert.deepEqual(await decodeImage(bytes), await decodeImage(pictures[format]));
  }
});

Deno.test("a picture without metadata has a format and a size", () => {
  for (const format of imageFormats) {
    assert.deepEqual(readMetadata(pictures[format]), { format, width: 8, height: 4 });
  }
});

Deno.test("JSON survives any string, controls and lone surrogates included", () => {
  const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
  const special = fc.constantFrom("\0", "\x1b", "\x7f", "\x85", "\ud800", "\udfff", "\ufffe", "\uffff", "\ufeff", "\r");
  fc.assert(
    fc.property(fc.constantFrom(...imageFormats), fc.string({ unit: fc.oneof(unit, special) }), (format, prompt) => {
      const texts = { parameters: prompt, wuerstchen: JSON.stringify({ prompt }) };
      const { parameters, wuerstchen } = readMetadata(writeMetadata(pictures[format], format, texts));
      assert.deepEqual(wuerstchen, { prompt });
      assert.equal(parameters?.length, prompt.length);
    }),
  );
});

Deno.test("characters that XML cannot hold become U+FFFD in parameters, in all formats alike", () => {
  for (const format of imageFormats) {
    const texts = { parameters: "a\0b\x1bc\ud800d\uffffe\tf\r\ng", wuerstchen: "{}" };
    const { parameters } = readMetadata(writeMetadata(pictures[format], format, texts));
    assert.equal(parameters, "a\ufffdb\ufffdc\ufffdd\ufffde\tf\r\ng", format);
  }
});

Deno.test("writeMetadata() writes nothing that could not be read again", () => {
  for (const wuerstchen of ["", "{", '{"__proto__": 1}']) {
    assert.throws(() => writeMetadata(pictures.png, "png", { parameters: "", wuerstchen }), TypeError);
  }
  const parameters = "x".repeat(maxTextBytes + 1);
  assert.throws(() => writeMetadata(pictures.png, "png", { parameters, wuerstchen: "{}" }), RangeError);
  assert.throws(() => writeMetadata(pictures.png, "jpg", { parameters: "", wuerstchen: "{}" }), CheckpointError);
});

Deno.test("hostile JSON in a picture is a CheckpointError and pollutes nothing", () => {
  for (const json of ['{"__proto__": {"polluted": 1}}', '{"a": {"constructor": {}}}', "[".repeat(1e5), "{", ""]) {
    assert.throws(() => readMetadata(insertPngText(pictures.png, { wuerstchen: json })), CheckpointError);
  }
  assert.equal(({} as { polluted?: number }).polluted, undefined);
});

Deno.test("any damage to a picture with metadata is a CheckpointError or leaves it readable", () => {
  for (const format of imageFormats) {
    const texts = { parameters: "prompt <&> 🍎", wuerstchen: '{"prompt": "x", "steps": [1, 2, 3]}' };
    const good = writeMetadata(pictures[format], format, texts);
    const change = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 8 }),
        fc.option(fc.nat(good.length)),
        fc.option(fc.tuple(fc.nat(good.length), fc.nat(good.length))),
        (changes, cut, copy) => {
          const bad = good.slice(0, cut ?? good.length);
          for (const [at, byte] of changes) if (at < bad.length) bad[at] = byte;
          if (copy !== null) bad.copyWithin(copy[0], copy[1]);
          try {
            assert.equal(readMetadata(bad).format, format);
          } catch (error) {
            assert.ok(error instanceof CheckpointError, String(error));
          }
        },
      ),
      { numRuns: 1000 },
    );
  }
});
