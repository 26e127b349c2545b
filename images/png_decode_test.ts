import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";
import { decodePng, decodePngSamples } from "./png_decode.ts";
import { pngChunk, pngSignature } from "./png_chunks.ts";

interface Source {
  width: number;
  height: number;
  depth: number;
  colourType: number;
  interlaced?: boolean;
  /** Rows behind their filter numbers. */
  rows: Uint8Array;
  /** Chunks between the header and the pixels. */
  extra?: Uint8Array[];
}

function header({ width, height, depth, colourType, interlaced = false }: Omit<Source, "rows">): Uint8Array {
  const data = new Uint8Array(13);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  data.set([depth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return pngChunk("IHDR", data);
}

function png(source: Source): Uint8Array {
  const idat = pngChunk("IDAT", deflateSync(source.rows));
  return concat([pngSignature, header(source), ...source.extra ?? [], idat, pngChunk("IEND", new Uint8Array())]);
}

Deno.test("decodePng() undoes each of the five filters", () => {
  const rows = Uint8Array.of(
    ...[0, 10, 20, 30],
    ...[1, 5, 5, 5],
    ...[2, 1, 2, 3],
    ...[3, 10, 10, 10],
    ...[4, 1, 1, 1],
  );
  const { data } = decodePng(png({ width: 3, height: 5, depth: 8, colourType: 0, rows }));
  // Worked out by hand from section 9.2 of the standard.
  assert.deepEqual([...data], [10, 20, 30, 5, 10, 15, 6, 12, 18, 13, 22, 30, 14, 23, 31]);
});

Deno.test("decodePng() spreads 1, 2, 4 and 16 bits over 8", () => {
  const grey = (
    depth: number,
    bytes: number[],
  ) => [...decodePng(png({ width: 2, height: 1, depth, colourType: 0, rows: Uint8Array.of(0, ...bytes) })).data];
  assert.deepEqual(grey(1, [0b01000000]), [0, 255]);
  assert.deepEqual(grey(2, [0b01100000]), [85, 170]);
  assert.deepEqual(grey(4, [0x3c]), [51, 204]);
  assert.deepEqual(grey(16, [0x80, 0x00, 0xff, 0x7f]), [128, 255]);
});

Deno.test("decodePng() reads palettes, with and without transparency", () => {
  const palette = pngChunk("PLTE", Uint8Array.of(1, 2, 3, 40, 50, 60));
  const source = { width: 2, height: 1, depth: 4, colourType: 3, rows: Uint8Array.of(0, 0x10) };
  assert.deepEqual([...decodePng(png({ ...source, extra: [palette] })).data], [40, 50, 60, 1, 2, 3]);
  const withAlpha = decodePng(png({ ...source, extra: [palette, pngChunk("tRNS", Uint8Array.of(9))] }));
  assert.deepEqual([...withAlpha.data], [40, 50, 60, 255, 1, 2, 3, 9]);
  assert.throws(() => decodePng(png({ ...source, rows: Uint8Array.of(0, 0x20), extra: [palette] })), CheckpointError);
  assert.throws(() => decodePng(png(source)), /has no valid palette/);
});

Deno.test("decodePng() makes the one colour of tRNS transparent", () => {
  const extra = [pngChunk("tRNS", Uint8Array.of(0, 7))];
  const { channels, data } = decodePng(
    png({ width: 2, height: 1, depth: 8, colourType: 0, rows: Uint8Array.of(0, 7, 8), extra }),
  );
  assert.equal(channels, 4);
  assert.deepEqual([...data], [7, 7, 7, 0, 8, 8, 8, 255]);
});

Deno.test("decodePng() reads the seven passes of Adam7", () => {
  // Pass of each pixel of an 8×8 block, from the standard's figure.
  const order = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];
  const [width, height] = [11, 9];
  const value = (x: number, y: number) => (x * 31 + y * 17) % 256;
  const rows: number[] = [];
  for (const pass of "1234567") {
    for (let y = 0; y < height; y++) {
      const row: number[] = [];
      for (let x = 0; x < width; x++) if (order[y % 8]![x % 8] === pass) row.push(value(x, y));
      if (row.length > 0) rows.push(0, ...row);
    }
  }
  const source = { width, height, depth: 8, colourType: 0, interlaced: true, rows: Uint8Array.from(rows) };
  const expected = Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
  assert.deepEqual([...decodePng(png(source)).data], expected);
});

Deno.test("a zip bomb stops at the size that the header promises", () => {
  const bomb = { width: 4, height: 4, depth: 8, colourType: 0, rows: new Uint8Array(20_000_000) };
  assert.throws(() => decodePng(png(bomb)), /pixels cannot be decompressed/);
});

Deno.test("a header that promises more than its data can hold is refused before any allocation", () => {
  const before = Deno.memoryUsage().rss;
  for (const side of [8192, 65536, 0x7fffffff]) {
    const tiny = { width: side, height: side, depth: 8, colourType: 6, rows: new Uint8Array(10) };
    assert.throws(() => decodePng(png(tiny)), CheckpointError);
  }
  assert.ok(Deno.memoryUsage().rss - before < 50e6);
});

Deno.test("decodePng() refuses formats that the standard does not have", () => {
  const good = { width: 1, height: 1, depth: 8, colourType: 0, rows: Uint8Array.of(0, 1) };
  assert.equal(decodePng(png(good)).data[0], 1);
  assert.throws(() => decodePng(png({ ...good, depth: 3 })), /does not have/);
  assert.throws(() => decodePng(png({ ...good, colourType: 5 })), /does not have/);
  assert.throws(() => decodePng(png({ ...good, rows: Uint8Array.of(5, 1) })), /unknown filter 5/);
  assert.throws(() => decodePng(png({ ...good, extra: [pngChunk("NEWX", new Uint8Array())] })), /unknown extension/);
});

Deno.test("any damage to a PNG is a CheckpointError or leaves a picture", () => {
  const rows = Uint8Array.from({ length: 9 * 25 }, (_, i) => i % 25 === 0 ? i / 25 % 5 : i * 7);
  const good = png({ width: 8, height: 9, depth: 8, colourType: 2, rows });
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, cut) => {
      const bad = cut ? good.slice(0, at) : good.with(at, byte);
      try {
        decodePng(bad);
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
      }
      // Every cut is noticed.
      if (cut) assert.throws(() => decodePng(bad), CheckpointError);
    }),
    { numRuns: 500 },
  );
});

Deno.test("damage behind right checksums is a CheckpointError or leaves a picture", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 13, maxLength: 13 }), fc.uint8Array(), (fields, rows) => {
      // Small sides, so that some headers are possible.
      fields.set([0, 0, 0], 0);
      fields.set([0, 0, 0], 4);
      const idat = pngChunk("IDAT", deflateSync(rows));
      const bytes = [pngSignature, pngChunk("IHDR", fields), idat, pngChunk("IEND", new Uint8Array())];
      try {
        decodePng(concat(bytes));
      } catch (error) {
        assert.ok(error instanceof CheckpointError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodePngSamples() keeps 16 bits and grey with alpha", () => {
  const grey = decodePngSamples(
    png({ width: 2, height: 1, depth: 16, colourType: 0, rows: Uint8Array.of(0, 0x12, 0x34, 0xff, 0xfe) }),
  );
  assert.deepEqual(grey, { width: 2, height: 1, channels: 1, data: Uint16Array.of(0x1234, 0xfffe) });
  const colours = decodePngSamples(
    png({ width: 1, height: 1, depth: 16, colourType: 2, rows: Uint8Array.of(0, 0, 1, 0, 2, 3, 0) }),
  );
  assert.deepEqual(colours, { width: 1, height: 1, channels: 3, data: Uint16Array.of(1, 2, 0x300) });
  const greyAlpha = decodePngSamples(
    png({ width: 1, height: 1, depth: 16, colourType: 4, rows: Uint8Array.of(0, 0, 5, 0, 6) }),
  );
  assert.deepEqual(greyAlpha, { width: 1, height: 1, channels: 2, data: Uint16Array.of(5, 6) });
  const clear = decodePngSamples(png({
    ...{ width: 2, height: 1, depth: 16, colourType: 0, rows: Uint8Array.of(0, 0, 7, 0, 8) },
    extra: [pngChunk("tRNS", Uint8Array.of(0, 7))],
  }));
  assert.deepEqual(clear, { width: 2, height: 1, channels: 2, data: Uint16Array.of(7, 0, 8, 65535) });
});

Deno.test("decodePngSamples() gives the bytes of decodePng() where a file has 8 bits", () => {
  const rows = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 2, 1, 1, 1, 1, 1, 1);
  const file = png({ width: 2, height: 2, depth: 8, colourType: 2, rows });
  assert.deepEqual(decodePngSamples(file), decodePng(file));
});
