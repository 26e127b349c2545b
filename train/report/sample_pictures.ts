/**
 * Sample grids as they go into a report.
 * @module
 */
import { isAbsolute, join, normalize } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { decodeImage, encodeImage } from "../../images/codec.ts";
import { downscale } from "../../images/downscale.ts";
import type { Pixels } from "../../images/pixels.ts";
import type { SampleLine } from "./log_line.ts";

/** A grid with its line of the log. */
export interface SamplePicture {
  readonly sample: SampleLine;
  /** `data:` URI: a PNG for the last grid where that is not too large, else a WebP. */
  readonly source: string;
  /** Pixels of the picture in `source`. */
  readonly width: number;
  readonly height: number;
}

/** Grids of a phase. */
export interface SamplePictures {
  /** By step; the last is the one to show large. */
  readonly pictures: readonly SamplePicture[];
  /** Files that are not there or cannot be read. */
  readonly missing: readonly string[];
}

const most = 12;
/** Bytes up to which the last grid stays as it is. */
const largestPng = 700_000;
/** Longest side of the last grid where it is made smaller, and of the others. */
const sides = { last: 1600, earlier: 480 };

/** Reads at most twelve grids: the first, the last, and those that lie evenly between them. */
export async function samplePictures(runFolder: string, samples: readonly SampleLine[]): Promise<SamplePictures> {
  const chosen = evenly(samples);
  const pictures: SamplePicture[] = [];
  const missing: string[] = [];
  for (const sample of chosen) {
    const picture = await readPicture(runFolder, sample, { isLast: sample === chosen.at(-1) });
    if (picture === undefined) missing.push(sample.file);
    else pictures.push(picture);
  }
  return { pictures, missing };
}

function evenly(samples: readonly SampleLine[]): SampleLine[] {
  if (samples.length <= most) return [...samples];
  return Array.from({ length: most }, (_, i) => samples[Math.round(i * (samples.length - 1) / (most - 1))]!);
}

async function readPicture(
  runFolder: string,
  sample: SampleLine,
  { isLast }: { isLast: boolean },
): Promise<SamplePicture | undefined> {
  const path = normalize(sample.file);
  if (isAbsolute(path) || path.startsWith("..")) return undefined;
  let bytes: Uint8Array;
  let pixels: Pixels;
  try {
    bytes = await Deno.readFile(join(runFolder, path));
    pixels = await decodeImage(bytes);
  } catch (error) {
    if (error instanceof CheckpointError || isNoFile(error)) return undefined;
    throw error;
  }
  if (isLast && bytes.length <= largestPng && isPng(bytes)) {
    const { width, height } = pixels;
    return { sample, source: `data:image/png;base64,${bytes.toBase64()}`, width, height };
  }
  const small = fitted(pixels, isLast ? sides.last : sides.earlier);
  const webp = await encodeImage(small, { format: "webp", quality: isLast ? 90 : 80 });
  const { width, height } = small;
  return { sample, source: `data:image/webp;base64,${webp.toBase64()}`, width, height };
}

function isNoFile(error: unknown): boolean {
  const { NotFound, NotADirectory, IsADirectory } = Deno.errors;
  return [NotFound, NotADirectory, IsADirectory].some((kind) => error instanceof kind);
}

function isPng(bytes: Uint8Array): boolean {
  return bytes[0] === 0x89 && bytes[1] === 0x50;
}

/** The picture with no side longer than `side`. */
function fitted(pixels: Pixels, side: number): Pixels {
  const scale = Math.min(1, side / Math.max(pixels.width, pixels.height));
  const [width, height] = [pixels.width, pixels.height].map((pixel) => Math.max(1, Math.round(pixel * scale)));
  return scale === 1 ? pixels : downscale(pixels, { width: width!, height: height! });
}
