/**
 * What a model keeps of pictures: Stage A alone, and compressor, Stage B and Stage A together.
 * @module
 */
import type { Pipeline } from "../pipeline/pipeline.ts";
import type { ReconstructOptions } from "../pipeline/reconstruct.ts";
import type { FeatureSet, SetMeasure } from "../plugins/contracts/parts.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Drawings } from "./drawings.ts";
import { featureSetOf, featuresOf, pixelsOf } from "./features.ts";
import type { EvaluationMetrics } from "./metrics.ts";
import type { Subject } from "./subjects.ts";

/** Pictures that go through Stage A and the compressor together. */
const batch = 8;

/** What became of each picture. */
export interface RoundTrip {
  /** PSNR in dB of what Stage A keeps. */
  readonly autoencoded: number[];
  /** PSNR in dB of what Stage B makes of the true embedding. */
  readonly reconstructed: number[];
  /** Structural similarity of what Stage B makes of the true embedding. */
  readonly similar: number[];
  /** How often a reconstruction is nearest to its own drawing among all drawings on the same background. */
  readonly top1: SetMeasure;
}

/** How a measurement is done. */
export interface MeasureOptions {
  readonly metrics: EvaluationMetrics;
  /** All drawings on all backgrounds that are looked at. */
  readonly gallery: FeatureSet;
  /** Picture i is painted with seed + i. */
  readonly seed: number;
  readonly sampling: Pick<ReconstructOptions, "decoderSteps" | "decoderGuidance">;
  readonly signal?: AbortSignal | undefined;
  /** Is told how many pictures are done, with the seconds of the last ones. */
  readonly onStep?: ((done: number, seconds: number) => void) | undefined;
}

/**
 * Takes drawings through the model and back.
 *
 * @param options.hasCaptions whether Stage B is given the captions, as in a generation, or the embedding alone
 */
export async function measureRoundTrip(
  { pipeline, drawings, subjects }: { pipeline: Pipeline; drawings: Drawings; subjects: readonly Subject[] },
  { metrics, gallery, seed, sampling, hasCaptions, signal, onStep }: MeasureOptions & { readonly hasCaptions: boolean },
): Promise<RoundTrip> {
  const { psnr, ssim, top1 } = metrics;
  const result = { autoencoded: [] as number[], reconstructed: [] as number[], similar: [] as number[] };
  const features: Float32Array[] = [];
  for (let first = 0; first < subjects.length; first += batch) {
    const start = performance.now();
    const some = subjects.slice(first, first + batch);
    const { pictures } = await pipeline.reconstruct(await loadAll(drawings, some), {
      ...sampling,
      prompt: hasCaptions ? some.map((subject) => drawings.captionOf(subject)) : "",
      seed: some.map((_, i) => seed + first + i),
      signal,
    });
    features.push(...await featuresOf(pipeline, pixelsOf(pictures.map(({ reconstructed }) => reconstructed))));
    for (const { original, autoencoded, reconstructed } of pictures) {
      result.autoencoded.push(await psnr.measure(autoencoded, original));
      result.reconstructed.push(await psnr.measure(reconstructed, original));
      result.similar.push(await ssim.measure(reconstructed, original));
    }
    onStep?.(first + some.length, (performance.now() - start) / 1000);
  }
  return { ...result, top1: await top1.compare(featureSetOf(features, { drawings, subjects }), gallery) };
}

/** Pictures of several subjects: [subjects, channels, height, width]. */
async function loadAll(drawings: Drawings, subjects: readonly Subject[]): Promise<Tensor<"float32">> {
  const pictures: Tensor<"float32">[] = [];
  for (const { index, colour } of subjects) pictures.push(await drawings.load(index, [colour]));
  const [first] = pictures as [Tensor<"float32">];
  const all = tensor("float32", [subjects.length, ...first.shape.slice(1)]);
  pictures.forEach(({ data }, i) => all.data.set(data, i * first.data.length));
  return all;
}
