/**
 * Which sizes of pictures a training can have: those whose latents are the ones that generation plans for them.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { planSizes, type SizeRules } from "../pipeline/plan.ts";
import type { TrainingConfig } from "./config.ts";
import { type AspectBucketOptions, aspectBuckets, type BucketSize } from "./data/buckets.ts";
import { embeddingCells, type NetworkConfigs, pixelsPerLatent } from "./networks.ts";
import { pipelineSettings } from "./start.ts";

/** Largest side in pixels. */
const maxSide = 4096;

/** Smallest side that a model paints where it does not say. */
const usualMinSide = 64;

/** The pictures' size in pixels. */
export function pictureSize({ data: { size } }: TrainingConfig): BucketSize {
  return typeof size === "number" ? { width: size, height: size } : size;
}

/** What the model in training will say about sizes. */
export function trainingSizeRules(config: TrainingConfig, { vqgan, decoder }: NetworkConfigs): SizeRules {
  const { resolutionMultiple, latentDimScale } = pipelineSettings(config);
  return {
    resolutionMultiple,
    latentDimScale,
    decoderMultiple: decoder.patch_size * 2 ** (decoder.c_hidden.length - 1),
    pixelsPerLatent: pixelsPerLatent(vqgan),
    minSide: 1,
    maxSide,
  };
}

/** Cells of Stage C and Stage B along a side: as training sees them, and as a generation plans them. */
function cellsOf(side: number, rules: SizeRules) {
  const [seen] = embeddingCells({ height: side, width: side }, rules);
  const plan = planSizes({ height: side, width: side }, rules);
  return {
    seen: { prior: seen, decoder: side / rules.pixelsPerLatent },
    planned: { prior: plan.prior.height, decoder: plan.decoder.height },
  };
}

function fits(side: number, rules: SizeRules): boolean {
  const { seen, planned } = cellsOf(side, rules);
  return seen.prior === planned.prior && seen.decoder === planned.decoder;
}

/** The sides next to one that does not fit, the lower first. */
function nearestSides(side: number, rules: SizeRules): number[] {
  const step = rules.pixelsPerLatent;
  const search = (from: number, by: number) => {
    for (let at = from; at >= step && at <= maxSide; at += by) if (fits(at, rules)) return [at];
    return [];
  };
  return [...search(Math.floor(side / step) * step, -step), ...search(Math.ceil(side / step) * step, step)];
}

/**
 * Checks that a side can be trained on.
 *
 * @throws {ConfigError} naming the nearest sides that can
 */
function checkSide(name: string, side: number, rules: SizeRules): void {
  if (fits(side, rules)) return;
  const { seen, planned } = cellsOf(side, rules);
  const near = nearestSides(side, rules);
  const advice = near.length === 0
    ? `no side fits: model.latentDimScale × the ${rules.pixelsPerLatent} px of Stage A's cells is ` +
      `${
        rules.latentDimScale * rules.pixelsPerLatent
      } and has to be about model.resolutionMultiple, ${rules.resolutionMultiple}`
    : `the nearest ${near.length === 1 ? "is" : "are"} ${near.join(" and ")}`;
  throw new ConfigError(
    `${name}: Expected a side that generation plans as training sees it, but ${side} px are ${seen.prior} and ${seen.decoder} cells of ` +
      `Stage C and B in training and ${planned.prior} and ${planned.decoder} in generation; ${advice}`,
  );
}

/** The smallest number whose multiples, up to the largest side, all fit. */
function commonMultiple(rules: SizeRules, { upTo }: { upTo: number }): number {
  const step = rules.pixelsPerLatent;
  for (let multiple = step; multiple <= upTo; multiple += step) {
    const sides = Array.from({ length: Math.ceil(upTo / multiple) }, (_, i) => (i + 1) * multiple);
    if (sides.every((side) => fits(side, rules))) return multiple;
  }
  throw new ConfigError(
    `data.buckets: Expected a model whose sizes have a common multiple of at most ${upTo} px but found none`,
  );
}

/** The buckets of a training, undefined where its pictures have one size. */
export function bucketOptions(config: TrainingConfig, configs: NetworkConfigs): AspectBucketOptions | undefined {
  const { buckets } = config.data;
  if (!buckets) return undefined;
  const { width, height } = pictureSize(config);
  const rules = trainingSizeRules(config, configs);
  const { ratios } = buckets;
  const longest = Math.max(...ratios.flatMap((ratio) => [ratio, 1 / ratio]));
  const upTo = Math.min(maxSide, Math.ceil(Math.sqrt(width * height * longest)));
  return { area: width * height, multiple: commonMultiple(rules, { upTo }), ratios };
}

/**
 * The sizes that batches of a training have: that of its pictures, or those of its buckets.
 *
 * @throws {ConfigError} where the buckets are impossible
 */
export function batchSizes(config: TrainingConfig, configs: NetworkConfigs): BucketSize[] {
  const buckets = bucketOptions(config, configs);
  if (!buckets) return [pictureSize(config)];
  const sizes = bucketSizes(buckets);
  const keys = sizes.map(({ width, height }) => `${width}x${height}`);
  return sizes.filter((_, i) => keys.indexOf(keys[i]!) === i);
}

/** `min_side` of the model, where it is trained on smaller sides than models have by default. */
export function modelSides(config: TrainingConfig, configs: NetworkConfigs): { min_side?: number } {
  const least = Math.min(
    ...[pictureSize(config), ...batchSizes(config, configs)].flatMap(({ width, height }) => [width, height]),
  );
  return least < usualMinSide ? { min_side: least } : {};
}

function bucketSizes(options: AspectBucketOptions): BucketSize[] {
  try {
    return aspectBuckets(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`data.buckets: ${error.message}: choose a larger data.size or other ratios`, {
      cause: error,
    });
  }
}

/**
 * Checks the sizes of a training: Stage A's have to divide into its cells, and where Stage B or C is trained each has to have just the
 * latents that a generation of that size has.
 *
 * @throws {ConfigError} naming the nearest sizes that fit
 */
export function checkPictureSizes(config: TrainingConfig, configs: NetworkConfigs): void {
  const f = pixelsPerLatent(configs.vqgan);
  const { stageA, stageB, stageC } = config;
  const divides = (name: string, side: number) => {
    if (side % f === 0) return;
    throw new ConfigError(
      `${name}: Expected a side that divides by the ${f} px of Stage A's cells but found ${side}; the nearest are ` +
        `${Math.max(1, Math.floor(side / f)) * f} and ${Math.ceil(side / f) * f}`,
    );
  };
  if (stageA?.cropSize !== undefined) divides("stageA.cropSize", stageA.cropSize);
  const base = pictureSize(config);
  const rules = trainingSizeRules(config, configs);
  const name = typeof config.data.size === "number" ? () => "data.size" : (side: string) => `data.size.${side}`;
  for (const side of ["width", "height"] as const) {
    if (stageB || stageC) checkSide(name(side), base[side], rules);
    else if (stageA?.cropSize === undefined) divides(name(side), base[side]);
  }
  batchSizes(config, configs);
}
