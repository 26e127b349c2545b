/**
 * Sizes: from the picture that is asked for to the latents of Stage C and Stage B.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";

/** What a model says about sizes; the names are those of its config files. */
export interface SizeRules {
  /** Pixels a cell of Stage C's latent (42.67). */
  readonly resolutionMultiple: number;
  /** Stage B cells a Stage C cell (10.67). */
  readonly latentDimScale: number;
  /** Stage B's latent must divide by this: patch_size·2^(levels − 1). */
  readonly decoderMultiple: number;
  /** Pixels a Stage B cell: up_down_scale_factor·2^(levels − 1) of Stage A. */
  readonly pixelsPerLatent: number;
  /** Smallest side in pixels that the model accepts. */
  readonly minSide: number;
  /** Largest side in pixels that the model accepts. */
  readonly maxSide: number;
  /** The file that says `latentDimScale`, for errors. */
  readonly file?: string;
}

/** A height and a width. */
export interface Size {
  /** Rows: pixels of a picture, cells of a latent. */
  readonly height: number;
  /** Columns: pixels of a picture, cells of a latent. */
  readonly width: number;
}

/** The sizes of one generation. */
export interface SizePlan {
  /** The picture, as it was asked for, in pixels. */
  readonly image: Size;
  /** Stage C's latent. */
  readonly prior: Size;
  /** Stage B's latent. */
  readonly decoder: Size;
  /** What Stage A decodes, in pixels; the picture is cut out of its centre. */
  readonly decoded: Size;
  /** Pixels cut off at the top and on the left. */
  readonly crop: { readonly top: number; readonly left: number };
}

/** Stage B cells of `n` Stage C cells, as diffusers computes them. */
export function decoderCells(n: number, { latentDimScale }: Pick<SizeRules, "latentDimScale">): number {
  return Math.trunc(n * latentDimScale);
}

/** The nearest side that the model accepts. */
function nearestSide(side: number, { minSide, maxSide }: SizeRules): number {
  return Number.isNaN(side) ? minSide : Math.min(maxSide, Math.max(minSide, Math.round(side)));
}

/** Smallest Stage C side whose Stage B side divides as the decoder needs and covers `pixels`. */
function planSide(pixels: number, rules: SizeRules): { prior: number; decoder: number; decoded: number } {
  // diffusers' own choice first: where it runs, this is its plan.
  const first = Math.ceil(pixels / rules.resolutionMultiple);
  // Divisible sides repeat about every multiple/scale cells; the bound only ends a search that a broken config makes endless.
  for (let n = first; n < first + 100 * rules.decoderMultiple; n++) {
    const cells = decoderCells(n, rules);
    const decoded = cells * rules.pixelsPerLatent;
    if (cells > 0 && cells % rules.decoderMultiple === 0 && decoded >= pixels) {
      return { prior: n, decoder: cells, decoded };
    }
  }
  throw new CheckpointError(
    `${
      rules.file ?? "model_index.json"
    }: "latent_dim_scale": Expected a scale that gives Stage B sides which divide by ` +
      `${rules.decoderMultiple} near ${pixels} px but found ${rules.latentDimScale}`,
  );
}

/**
 * Plans the sizes of a picture: the smallest Stage C latent whose Stage B latent int(n·latent_dim_scale) divides by
 * patch_size·2^(levels − 1) and covers the request.
 *
 * @throws {ConfigError} where a side is no whole number within the limits, naming the nearest that is
 * @throws {CheckpointError} where the model's latent_dim_scale gives no Stage B latent that its decoder can run
 *
 * @param options.forecast puts the memory of a size into words, for the error of a side that is out of bounds
 */
export function planSizes(
  { height, width }: Size,
  rules: SizeRules,
  { forecast }: { forecast?: ((size: Size) => string) | undefined } = {},
): SizePlan {
  const nearest = { height: nearestSide(height, rules), width: nearestSide(width, rules) };
  for (const [name, side] of Object.entries({ width, height }) as ["width" | "height", number][]) {
    if (side === nearest[name]) continue;
    const memory = forecast ? `, and the picture then needs about ${forecast(nearest)} of memory` : "";
    throw new ConfigError(
      `Expected ${name} to be an integer from ${rules.minSide} to ${rules.maxSide} but found ${side}: ` +
        `the nearest is ${nearest[name]}${memory}`,
    );
  }
  const vertical = planSide(height, rules);
  const horizontal = planSide(width, rules);
  return {
    image: { height, width },
    prior: { height: vertical.prior, width: horizontal.prior },
    decoder: { height: vertical.decoder, width: horizontal.decoder },
    decoded: { height: vertical.decoded, width: horizontal.decoded },
    crop: {
      top: Math.floor((vertical.decoded - height) / 2),
      left: Math.floor((horizontal.decoded - width) / 2),
    },
  };
}
