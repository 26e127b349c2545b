/**
 * What a PNG holds before it is compressed: its header and filtered rows.
 * @module
 */
import { checkSamples, type PngSamples } from "./pixels.ts";

/** PNG colour type of each number of channels. */
const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/**
 * The data of IHDR: sizes, bits and colour type.
 *
 * @throws {RangeError} where sizes and data do not fit together
 */
export function pngHeader(pixels: PngSamples): Uint8Array {
  checkSamples(pixels, [1, 2, 3, 4]);
  const { width, height, channels } = pixels;
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8 * pixels.data.BYTES_PER_ELEMENT, colourTypes[channels], 0, 0, 0], 8);
  return header;
}

/** Samples as PNG has them: of 16 bits the higher byte first. */
function bytesOf(data: PngSamples["data"]): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const bytes = new Uint8Array(2 * data.length);
  const view = new DataView(bytes.buffer);
  data.forEach((value, i) => view.setUint16(2 * i, value));
  return bytes;
}

/**
 * Every row behind the number of its filter, each row with the filter whose residuals are smallest (PNG 1.2, section 9.6):
 * height × (1 + width·channels·bytes) bytes.
 */
export function filteredRows({ width, height, channels, data: samples }: PngSamples): Uint8Array<ArrayBuffer> {
  const bytes = channels * samples.BYTES_PER_ELEMENT;
  const stride = width * bytes;
  const data = bytesOf(samples);
  const out = new Uint8Array(height * (stride + 1));
  const candidates = Array.from({ length: 5 }, () => new Uint8Array(stride));
  let above: Uint8Array = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride);
    let best = 0;
    let least = Infinity;
    for (const [filter, candidate] of candidates.entries()) {
      const cost = filters[filter]!(row, above, { bytes, out: candidate });
      if (cost < least) [best, least] = [filter, cost];
    }
    out[y * (stride + 1)] = best;
    out.set(candidates[best]!, y * (stride + 1) + 1);
    above = row;
  }
  return out;
}

interface FilterTarget {
  /** Bytes a pixel: how far back "left" is. */
  readonly bytes: number;
  readonly out: Uint8Array;
}

/** Writes the residuals of a row into `out` and returns the sum of their magnitudes as signed bytes. */
type Filter = (row: Uint8Array, above: Uint8Array, target: FilterTarget) => number;

const filters: readonly Filter[] = [none, sub, up, average, paeth];

/** Magnitude of a byte that is read as signed. */
function magnitude(byte: number): number {
  return byte < 128 ? byte : 256 - byte;
}

function none(row: Uint8Array, _above: Uint8Array, { out }: FilterTarget): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) cost += magnitude(out[i] = row[i]!);
  return cost;
}

function sub(row: Uint8Array, _above: Uint8Array, { bytes, out }: FilterTarget): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) {
    cost += magnitude(out[i] = (row[i]! - (i < bytes ? 0 : row[i - bytes]!)) & 255);
  }
  return cost;
}

function up(row: Uint8Array, above: Uint8Array, { out }: FilterTarget): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) cost += magnitude(out[i] = (row[i]! - above[i]!) & 255);
  return cost;
}

function average(row: Uint8Array, above: Uint8Array, { bytes, out }: FilterTarget): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) {
    const left = i < bytes ? 0 : row[i - bytes]!;
    cost += magnitude(out[i] = (row[i]! - ((left + above[i]!) >> 1)) & 255);
  }
  return cost;
}

function paeth(row: Uint8Array, above: Uint8Array, { bytes, out }: FilterTarget): number {
  let cost = 0;
  for (let i = 0; i < row.length; i++) {
    const left = i < bytes ? 0 : row[i - bytes]!;
    const corner = i < bytes ? 0 : above[i - bytes]!;
    cost += magnitude(out[i] = (row[i]! - paethPredictor(left, above[i]!, corner)) & 255);
  }
  return cost;
}

/** The neighbour that is nearest to left + above − corner (PNG 1.2, section 6.6). */
export function paethPredictor(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
