import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";
import { insertPngText, maxTextBytes, pngChunk, pngSignature, readPngChunks, readPngText } from "./png_chunks.ts";
import { encodePng } from "./png_encode.ts";

const picture = encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) });

function withChunk(type: string, data: Uint8Array): Uint8Array {
  const [header, ...rest] = readPngChunks(picture);
  return concat([
    pngSignature,
    pngChunk("IHDR", header!.data),
    pngChunk(type, data),
    ...rest.map((chunk) => pngChunk(chunk.type, chunk.data)),
  ]);
}

function types(png: Uint8Array): string[] {
  return [...readPngChunks(png)].map(({ type }) => type);
}

Deno.test("pngChunk() has the checksum of the standard", () => {
  assert.equal(Buffer.from(pngChunk("IEND", new Uint8Array())).toString("hex"), "0000000049454e44ae426082");
});

Deno.test("text becomes tEXt where Latin-1 holds it, else iTXt", () => {
  assert.deepEqual(types(insertPngText(picture, { note: "naïve\n×" })), ["IHDR", "tEXt", "IDAT", "IEND"]);
  for (const text of ["äpfel €", "🍎", "tab\t", "\u0080"]) {
    assert.deepEqual(types(insertPngText(picture, { note: text })), ["IHDR", "iTXt", "IDAT", "IEND"], text);
  }
});

Deno.test("any text but U+0000 and lone surrogates comes back as it was", () => {
  const code = fc.oneof(
    fc.integer({ min: 1, max: 0xff }),
    fc.integer({ min: 0x100, max: 0xd7ff }),
    fc.constant(0x1f34e),
  );
  const text = fc.string({ unit: code.map((value) => String.fromCodePoint(value)) });
  fc.assert(fc.property(text, text, (first, second) => {
    const png = insertPngText(picture, { first, second });
    assert.equal(readPngText(png, "first"), first);
    assert.equal(readPngText(png, "second"), second);
  }));
  assert.equal(readPngText(insertPngText(picture, { note: "a\0b" }), "note"), "a\ufffdb");
});

Deno.test("insertPngText() replaces texts of the same keyword and leaves everything else", () => {
  const once = insertPngText(picture, { parameters: "old", other: "kept" });
  const twice = insertPngText(once, { parameters: "new" });
  assert.equal(readPngText(twice, "parameters"), "new");
  assert.equal(readPngText(twice, "other"), "kept");
  assert.deepEqual(types(twice), ["IHDR", "tEXt", "tEXt", "IDAT", "IEND"]);
  assert.equal(readPngText(twice, "missing"), undefined);
});

Deno.test("readPngText() reads compressed zTXt and iTXt", () => {
  const latin = concat([Buffer.from("note\0\0", "latin1"), deflateSync(Buffer.from("café", "latin1"))]);
  assert.equal(readPngText(withChunk("zTXt", latin), "note"), "café");
  const utf8 = concat([Buffer.from("note\0\x01\0de\0Notiz\0", "latin1"), deflateSync(Buffer.from("Käse 🧀"))]);
  assert.equal(readPngText(withChunk("iTXt", utf8), "note"), "Käse 🧀");
});

Deno.test("text of more than 16 MB is refused, also where it is compressed to little", () => {
  const long = concat([Buffer.from("note\0"), new Uint8Array(maxTextBytes + 1).fill(97)]);
  assert.throws(() => readPngText(withChunk("tEXt", long), "note"), /more than the 16777216/);
  const bomb = withChunk("zTXt", concat([Buffer.from("note\0\0"), deflateSync(new Uint8Array(50e6), { level: 1 })]));
  const before = Deno.memoryUsage().rss;
  assert.throws(() => readPngText(bomb, "note"), CheckpointError);
  assert.ok(Deno.memoryUsage().rss - before < 40e6);
  // Text under another keyword is not decompressed at all.
  assert.equal(readPngText(bomb, "parameters"), undefined);
  assert.throws(() => insertPngText(picture, { note: "a".repeat(maxTextBytes + 1) }), RangeError);
});

Deno.test("damaged text chunks are CheckpointErrors that name the keyword", () => {
  const cases: [string, string][] = [
    ["zTXt", "note\0\x01abc"],
    ["zTXt", "note\0\0abc"],
    ["iTXt", "note\0"],
    ["iTXt", "note\0\0\0"],
    ["iTXt", "note\0\x02\0\0\0text"],
    ["iTXt", "note\0\x01\x01\0\0text"],
    ["iTXt", "note\0\0\0\0\0\xff\xfe"],
  ];
  for (const [type, data] of cases) {
    const png = withChunk(type, Buffer.from(data, "latin1"));
    assert.throws(() => readPngText(png, "note"), { name: "CheckpointError", message: /"note"/ }, JSON.stringify(data));
  }
});

Deno.test("insertPngText() refuses keywords that PNG does not allow", () => {
  for (const keyword of ["", " a", "a ", "é🍎", "a\nb", "a".repeat(80)]) {
    assert.throws(() => insertPngText(picture, { [keyword]: "text" }), RangeError, keyword);
  }
});

Deno.test("readPngChunks() notices a wrong checksum, a cut at any byte, and chunks out of order", () => {
  const all = [...readPngChunks(picture)].length;
  assert.equal(all, 3);
  for (let at = 0; at < picture.length; at++) {
    assert.throws(() => [...readPngChunks(picture.subarray(0, at))], CheckpointError, `cut at ${at}`);
    assert.throws(() => [...readPngChunks(picture.with(at, picture[at]! ^ 1))], CheckpointError, `flipped at ${at}`);
  }
  const second = withChunk("IHDR", new Uint8Array(13));
  assert.throws(() => [...readPngChunks(second)], /IHDR must be its first chunk/);
});
