/**
 * Whether a model paints what it is asked for: the drawing, and the colour under it.
 * @module
 */
import { cropToBytes } from "../pipeline/pixels.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { GenerateOptions } from "../pipeline/types.ts";
import type { SetMeasure } from "../plugins/contracts/parts.ts";
import { borderColour } from "./border_colour.ts";
import type { Drawings } from "./drawings.ts";
import { featureSetOf, featuresOf, pixelsOf } from "./features.ts";
import type { MeasureOptions } from "./round_trip.ts";
import type { Subject } from "./subjects.ts";

/** Captions that go through Stage C as one batch. */
const batch = 16;

/** What was painted for each caption. */
export interface TextToPicture {
  /** How often the drawing is the nearest of all drawings on the background that was asked for. */
  readonly top1: SetMeasure;
  /** How often it is among the nearest five. */
  readonly top5: SetMeasure;
  /** Fréchet distance of the pictures from all drawings on all backgrounds, by their features; undefined for a single picture. */
  readonly distance: SetMeasure | undefined;
  /** Whether the border has the colour that was asked for; empty where captions say none, or pictures have no colours. */
  readonly backgrounds: boolean[];
}

/** How pictures are painted; the model's own settings where left out. */
export type Sampling = Pick<GenerateOptions, "priorSteps" | "priorGuidance" | "decoderSteps" | "decoderGuidance">;

/** Paints the captions of subjects and compares the pictures with the drawings. */
export async function measureTextToPicture(
  { pipeline, drawings, subjects }: { pipeline: Pipeline; drawings: Drawings; subjects: readonly Subject[] },
  { metrics, gallery, seed, sampling, signal, onStep }: Omit<MeasureOptions, "sampling"> & {
    readonly sampling: Sampling;
  },
): Promise<TextToPicture> {
  const features: Float32Array[] = [];
  const backgrounds: boolean[] = [];
  for (let first = 0; first < subjects.length; first += batch) {
    const start = performance.now();
    const some = subjects.slice(first, first + batch);
    const { images } = await pipeline.generate({
      ...sampling,
      ...drawings.size,
      prompt: some.map((subject) => drawings.captionOf(subject)),
      seed: some.map((_, i) => seed + first + i),
      signal,
    });
    features.push(...await featuresOf(pipeline, pixelsOf(images)));
    for (const [i, { colour }] of some.entries()) {
      const { colours } = drawings;
      if (colour === undefined || colours === undefined || images[i]!.channels !== 3) continue;
      backgrounds.push(borderColour(images[i]!, { colours }) === colour);
    }
    onStep?.(first + some.length, (performance.now() - start) / 1000);
  }
  const pictures = featureSetOf(features, { drawings, subjects });
  const [top1, top5] = [await metrics.top1.compare(pictures, gallery), await metrics.top5.compare(pictures, gallery)];
  const distance = subjects.length > 1 ? await metrics.distance.compare(pictures, gallery) : undefined;
  return { top1, top5, distance, backgrounds };
}

/** Whether the drawings themselves have the border that a perfect picture would have: the measure's own error. */
export async function measureBorders(drawings: Drawings, subjects: readonly Subject[]): Promise<boolean[]> {
  const { colours, size } = drawings;
  const right: boolean[] = [];
  for (const { index, colour } of subjects) {
    if (colour === undefined || colours === undefined) continue;
    const pixels = await drawings.load(index, [colour]);
    if (pixels.shape[1] !== 3) continue;
    const data = cropToBytes(pixels, { image: size, decoded: size, crop: { top: 0, left: 0 } });
    right.push(borderColour({ ...size, channels: 3, data }, { colours }) === colour);
  }
  return right;
}
