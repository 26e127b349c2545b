/**
 * Sample grids as they go into a report.
 * @module
 */
import { isAbsolute, join, normalize } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { decodeImage } from "../../images/codec.ts";
import type { Pixels } from "../../images/pixels.ts";
import { type EmbeddedPicture, embedPicture } from "../../report/embedded_picture.ts";
import type { SampleLine } from "./log_line.ts";

/** A grid with its line of the log. */
export interface SamplePicture extends EmbeddedPicture {
  readonly sample: SampleLine;
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
const sizes = { last: { side: 1600, quality: 90 }, earlier: { side: 480, quality: 80 } };

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
  const { side, quality } = isLast ? sizes.last : sizes.earlier;
  return { sample, ...await embedPicture({ bytes, pixels }, { side, quality, pngBytes: isLast ? largestPng : 0 }) };
}

function isNoFile(error: unknown): boolean {
  const { NotFound, NotADirectory, IsADirectory } = Deno.errors;
  return [NotFound, NotADirectory, IsADirectory].some((kind) => error instanceof kind);
}
