/**
 * PNG decoder: every colour type, bit depth and interlacing of the standard, to 8 bits a channel or to the file's own 16.
 *
 * Colour profiles and gamma are not applied. Memory is bounded: the header is checked before anything is allocated, and
 * decompression stops at the length that the header implies.
 * @module
 */
import { inflateSync } from "node:zlib";
import { CheckpointError } from "../errors.ts";
import { concat } from "./concat.ts";
import { maxPixels, type Pixels, type PngSamples } from "./pixels.ts";
import { readPngChunks } from "./png_chunks.ts";
import { paethPredictor } from "./png_rows.ts";

/** What IHDR says. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly interlaced: boolean;
}

/** A sub-picture of Adam7, or the whole picture: the pixels (x + i·dx, y + j·dy). */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

const wholePicture: readonly Pass[] = [{ x: 0, y: 0, dx: 1, dy: 1 }];

/** PNG third edition, section 8.1. */
const adam7: readonly Pass[] = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

/** Samples a pixel and allowed bit depths of each colour type. */
const colourTypes: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** deflate cannot shrink further than this, so that a header which promises more pixels is refused before any allocation. */
const maxDeflateRatio = 1032;

/**
 * Decodes a PNG to 8 bits. Grey stays one channel; a palette becomes three; alpha, also that of tRNS, makes it four.
 *
 * @throws {CheckpointError} where the file is damaged, truncated or larger than {@linkcode maxPixels}
 */
export function decodePng(bytes: Uint8Array): Pixels {
  const source = readSource(bytes);
  const { width, height, colourType } = source.header;
  const channels = hasAlpha(source) ? 4 : colourType === 0 ? 1 : 3;
  return { width, height, channels, data: expand(source, new Uint8Array(width * height * channels)) };
}

/**
 * Decodes a PNG without loss: 16 bits stay 16, fewer are spread over 8, and grey with alpha stays two channels.
 *
 * @throws {CheckpointError} where the file is damaged, truncated or larger than {@linkcode maxPixels}
 */
export function decodePngSamples(bytes: Uint8Array): PngSamples {
  const source = readSource(bytes);
  const { width, height, colourType, depth } = source.header;
  const colours = colourType === 0 || colourType === 4 ? 1 : 3;
  const channels = (hasAlpha(source) ? colours + 1 : colours) as PngSamples["channels"];
  const size = width * height * channels;
  return { width, height, channels, data: expand(source, depth === 16 ? new Uint16Array(size) : new Uint8Array(size)) };
}

/** The parts of a file, rows decompressed and without filters. */
interface Source {
  readonly header: Header;
  readonly passes: readonly Pass[];
  /** All rows of all passes, each behind the number of its filter. */
  readonly rows: Uint8Array;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
}

function readSource(bytes: Uint8Array): Source {
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  const parts: Uint8Array[] = [];
  for (const { type, data } of readPngChunks(bytes)) {
    if (type === "IHDR") header = readPngHeader(data);
    else if (type === "PLTE") palette = data;
    else if (type === "tRNS") transparency = data;
    else if (type === "IDAT") parts.push(data);
    // The case of the first letter says whether a decoder may skip a chunk that it does not know.
    else if (type !== "IEND" && type[0]! < "a") throw damaged(`it needs an unknown extension (${type})`);
  }
  const passes = header!.interlaced ? adam7 : wholePicture;
  const rows = inflateRows(concat(parts), { header: header!, passes });
  return { header: header!, passes, rows, palette, transparency };
}

function hasAlpha({ header: { colourType }, transparency }: Source): boolean {
  return colourType >= 4 || transparency !== undefined;
}

/**
 * Reads and checks the data of an IHDR chunk.
 *
 * @throws {CheckpointError} where a field is out of its range
 */
export function readPngHeader(data: Uint8Array): Header {
  if (data.length !== 13) throw damaged(`its header has ${data.length} bytes in place of 13`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colourType, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  if (width < 1 || height < 1 || width * height > maxPixels) {
    throw damaged(`expected 1 to ${maxPixels} pixels but found ${width}x${height}`);
  }
  if (!colourTypes[colourType!]?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1) {
    throw damaged("its header names a format that the standard does not have");
  }
  return { width, height, depth: depth!, colourType: colourType!, interlaced: interlace === 1 };
}

/** Columns, rows and bytes a row (without the filter's number) of a pass. */
function passSize({ x, y, dx, dy }: Pass, { width, height, depth, colourType }: Header) {
  const columns = Math.ceil((width - x) / dx);
  const rows = columns > 0 ? Math.max(0, Math.ceil((height - y) / dy)) : 0;
  return { columns, rows, stride: Math.ceil((columns * depth * colourTypes[colourType]!.samples) / 8) };
}

/** Decompresses all rows of all passes and undoes their filters. Rows still begin with the number of their filter. */
function inflateRows(data: Uint8Array, { header, passes }: { header: Header; passes: readonly Pass[] }): Uint8Array {
  const sizes = passes.map((pass) => passSize(pass, header));
  const expected = sizes.reduce((sum, { rows, stride }) => sum + rows * (stride + 1), 0);
  if (expected > 4 * maxPixels + header.height * 2 || expected > data.length * maxDeflateRatio) {
    throw damaged(`${header.width}x${header.height} pixels cannot come from ${data.length} bytes of data`);
  }
  let out: Uint8Array;
  try {
    out = inflateSync(data, { maxOutputLength: expected });
  } catch (cause) {
    throw damaged("its pixels cannot be decompressed", { cause });
  }
  if (out.length !== expected) throw damaged(`it has ${out.length} of ${expected} bytes of pixels`);
  const bytes = Math.max(1, (header.depth * colourTypes[header.colourType]!.samples) / 8);
  let at = 0;
  for (const { rows, stride } of sizes) {
    let above: Uint8Array = new Uint8Array(stride);
    for (let y = 0; y < rows; y++) {
      const row = out.subarray(at + 1, at + 1 + stride);
      unfilter(row, above, { filter: out[at]!, bytes });
      above = row;
      at += stride + 1;
    }
  }
  return out;
}

/** Turns the residuals of a row into its bytes, in place. */
function unfilter(row: Uint8Array, above: Uint8Array, { filter, bytes }: { filter: number; bytes: number }): void {
  if (filter > 4) throw damaged(`it has a row with the unknown filter ${filter}`);
  if (filter === 1) {
    for (let i = bytes; i < row.length; i++) row[i]! += row[i - bytes]!;
  } else if (filter === 2) {
    for (let i = 0; i < row.length; i++) row[i]! += above[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < row.length; i++) row[i]! += ((i < bytes ? 0 : row[i - bytes]!) + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < row.length; i++) {
      const left = i < bytes ? 0 : row[i - bytes]!;
      row[i]! += paethPredictor(left, above[i]!, i < bytes ? 0 : above[i - bytes]!);
    }
  }
}

/** Spreads rows over `data` (HWC), whose length says the number of channels, and returns it. */
function expand<Data extends Uint8Array | Uint16Array>(source: Source, data: Data): Data {
  const { rows, header, passes, palette, transparency } = source;
  const { width, height, depth, colourType } = header;
  const { samples } = colourTypes[colourType]!;
  const channels = data.length / (width * height);
  if (samples === channels && depth === 8 && transparency === undefined && colourType !== 3 && !header.interlaced) {
    return copyRows(rows, data, width * channels);
  }
  const colours = colourType === 3 ? paletteColours(palette, transparency) : undefined;
  const clear = colourType === 0 || colourType === 2 ? clearColour(transparency, samples) : undefined;
  const alphaAt = hasAlpha(source) ? channels - 1 : channels;
  const isGrey = samples < 3;
  const opaque = 2 ** (8 * data.BYTES_PER_ELEMENT) - 1;
  const scale = opaque / (2 ** depth - 1);
  const pixel = new Uint16Array(samples);
  let start = 0;
  for (const pass of passes) {
    const { columns, rows: count, stride } = passSize(pass, header);
    for (let j = 0; j < count; j++, start += stride + 1) {
      let to = ((pass.y + j * pass.dy) * width + pass.x) * channels;
      for (let i = 0; i < columns; i++, to += pass.dx * channels) {
        for (let s = 0; s < samples; s++) pixel[s] = sample(rows, { start: start + 1, index: i * samples + s, depth });
        if (colours !== undefined) {
          const at = pixel[0]! * 4;
          if (at >= colours.length) throw damaged(`it uses colour ${pixel[0]} of a palette of ${colours.length / 4}`);
          for (let c = 0; c < channels; c++) data[to + c] = colours[at + c]!;
        } else {
          for (let c = 0; c < alphaAt; c++) data[to + c] = Math.round(pixel[isGrey ? 0 : c]! * scale);
          if (clear !== undefined) data[to + alphaAt] = pixel.every((value, s) => value === clear[s]) ? 0 : opaque;
          else if (alphaAt < channels) data[to + alphaAt] = Math.round(pixel[samples - 1]! * scale);
        }
      }
    }
  }
  return data;
}

/** Copies rows of `stride` bytes whose samples are already those of the picture. */
function copyRows<Data extends Uint8Array | Uint16Array>(rows: Uint8Array, data: Data, stride: number): Data {
  for (let at = 1, to = 0; to < data.length; at += stride + 1, to += stride) {
    data.set(rows.subarray(at, at + stride), to);
  }
  return data;
}

/** Sample `index` of the row that begins at `start`, of `depth` bits. */
function sample(
  rows: Uint8Array,
  { start, index, depth }: { start: number; index: number; depth: number },
): number {
  if (depth === 8) return rows[start + index]!;
  if (depth === 16) return rows[start + 2 * index]! << 8 | rows[start + 2 * index + 1]!;
  const bit = index * depth;
  return rows[start + (bit >> 3)]! >> (8 - depth - (bit & 7)) & ((1 << depth) - 1);
}

/** RGBA of each palette entry. */
function paletteColours(palette: Uint8Array | undefined, alpha: Uint8Array | undefined): Uint8Array {
  if (palette === undefined || palette.length < 3 || palette.length > 768 || palette.length % 3 !== 0) {
    throw damaged("it has no valid palette");
  }
  const colours = new Uint8Array((palette.length / 3) * 4);
  for (let i = 0; i < palette.length / 3; i++) {
    colours.set(palette.subarray(3 * i, 3 * i + 3), 4 * i);
    colours[4 * i + 3] = alpha?.[i] ?? 255;
  }
  return colours;
}

/** Samples of the one colour that is transparent. */
function clearColour(transparency: Uint8Array | undefined, samples: number): number[] | undefined {
  if (transparency === undefined) return undefined;
  if (transparency.length !== 2 * samples) throw damaged("its transparent colour has a wrong length");
  return Array.from({ length: samples }, (_, s) => transparency[2 * s]! << 8 | transparency[2 * s + 1]!);
}

function damaged(detail: string, options?: ErrorOptions): CheckpointError {
  return new CheckpointError(`Cannot decode the PNG: ${detail}`, options);
}
