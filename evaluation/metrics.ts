/**
 * The metrics of an evaluation, which are those of the registry.
 * @module
 */
import { openMetric } from "../plugins/open_metric.ts";
import type { PairMetric, SetMetric } from "../plugins/contracts/parts.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";

/** Metrics that are ready to measure. */
export interface EvaluationMetrics {
  /** Peak signal-to-noise ratio of a picture. */
  readonly psnr: PairMetric;
  /** Structural similarity of a picture. */
  readonly ssim: PairMetric;
  /** Share of pictures whose nearest drawing is the right one. */
  readonly top1: SetMetric;
  /** Share of pictures with the right drawing among the nearest five. */
  readonly top5: SetMetric;
  /** Fréchet distance of the features of painted pictures from those of drawings. */
  readonly distance: SetMetric;
}

/** Opens the metrics of an evaluation. */
export async function openMetrics(registry: Registry): Promise<EvaluationMetrics> {
  const [psnr, ssim] = await Promise.all(["psnr", "ssim"].map((name) => openPair(name, registry)));
  const [top1, top5, distance] = await Promise.all([
    { name: "caption-accuracy", options: { k: 1 } },
    { name: "caption-accuracy", options: { k: 5 } },
    { name: "feature-distance" },
  ].map((choice) => openSet(choice, registry)));
  return { psnr: psnr!, ssim: ssim!, top1: top1!, top5: top5!, distance: distance! };
}

async function openPair(name: string, registry: Registry): Promise<PairMetric> {
  const metric = await openMetric(registry, name);
  if ("measure" in metric) return metric;
  throw new TypeError(`Expected ${name} to measure a picture against another one`);
}

async function openSet(choice: PluginChoice, registry: Registry): Promise<SetMetric> {
  const metric = await openMetric(registry, choice);
  if ("compare" in metric) return metric;
  throw new TypeError(`Expected ${choice.name} to compare sets of pictures`);
}
