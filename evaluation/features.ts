/**
 * What pictures are compared by: the compressor's embedding of each, as one row of numbers.
 * @module
 */
import type { Pixels } from "../images/pixels.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { FeatureSet } from "../plugins/contracts/parts.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Drawings } from "./drawings.ts";
import type { Subject } from "./subjects.ts";

/** Pictures that the compressor sees at a time. */
const batch = 16;

/** Pictures of one size as a model takes them: bytes → [pictures, channels, height, width] of 0…1. */
export function pixelsOf(pictures: readonly Pixels[]): Tensor<"float32"> {
  const [{ width, height, channels }] = pictures as [Pixels];
  const plane = width * height;
  const pixels = tensor("float32", [pictures.length, channels, height, width]);
  pictures.forEach(({ data }, i) => {
    for (let c = 0; c < channels; c++) {
      const at = (i * channels + c) * plane;
      for (let p = 0; p < plane; p++) pixels.data[at + p] = data[p * channels + c]! / 255;
    }
  });
  return pixels;
}

/** Features of pictures [b, c, h, w], a row each. */
export async function featuresOf(pipeline: Pipeline, pixels: Tensor<"float32">): Promise<Float32Array[]> {
  const { data, shape: [count] } = await pipeline.embed(pixels);
  const width = data.length / count!;
  return Array.from({ length: count! }, (_, i) => data.slice(i * width, (i + 1) * width));
}

/** The group of pictures that a metric compares a picture with: those on its background. */
function groupOf(colour: string | undefined): string {
  return colour ?? "";
}

/** Pictures of subjects for metrics: what they show, and on which background. */
export function featureSetOf(
  rows: readonly Float32Array[],
  { drawings, subjects }: { drawings: Drawings; subjects: readonly Subject[] },
): FeatureSet {
  const width = rows[0]?.length ?? 0;
  const features = tensor("float32", [rows.length, width]);
  rows.forEach((row, i) => features.data.set(row, i * width));
  const captions = subjects.map(({ index }) => drawings.captions[index]!);
  return { features, captions, groups: subjects.map(({ colour }) => groupOf(colour)) };
}

/**
 * Computes the features of all drawings on each of some backgrounds.
 *
 * @param options.onDrawing is told of every drawing when it is done, with its seconds
 */
export async function buildGallery(
  pipeline: Pipeline,
  drawings: Drawings,
  { colours, signal, onDrawing }: {
    colours: readonly (string | undefined)[];
    signal?: AbortSignal | undefined;
    onDrawing?: (done: number, seconds: number) => void;
  },
): Promise<FeatureSet> {
  const all: Float32Array[] = [];
  const subjects: Subject[] = [];
  for (let index = 0; index < drawings.length; index++) {
    signal?.throwIfAborted();
    const start = performance.now();
    for (let first = 0; first < colours.length; first += batch) {
      const some = colours.slice(first, first + batch);
      const rows = await featuresOf(pipeline, await drawings.load(index, some));
      all.push(...rows);
      subjects.push(...some.map((colour) => ({ index, colour })));
    }
    onDrawing?.(index + 1, (performance.now() - start) / 1000);
  }
  return featureSetOf(all, { drawings, subjects });
}
