/**
 * What a model's files say about sizes, checked against each other.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import type { DiffNeXtConfig } from "../networks/diffnext.ts";
import type { PaellaVqConfig } from "../networks/paella_vq.ts";
import type { ModelFolders } from "./model_folders.ts";
import type { SizeRules } from "./plan.ts";

/** Smallest and largest side in pixels where a model says nothing. */
export const usualSides = { min: 64, max: 4096 } as const;

/** How far the pixels of a Stage C cell and those of its Stage B cells may be apart: anything more is a mistake in a file. */
const largestRatio = 4;

/** The part of the rules that the networks' configurations settle. */
export function latentRules(
  { decoder, vqgan }: { decoder: DiffNeXtConfig; vqgan: PaellaVqConfig },
): Pick<SizeRules, "decoderMultiple" | "pixelsPerLatent"> {
  return {
    decoderMultiple: decoder.patch_size * 2 ** (decoder.c_hidden.length - 1),
    pixelsPerLatent: vqgan.up_down_scale_factor * 2 ** (vqgan.levels - 1),
  };
}

/**
 * The rules of a model.
 *
 * @throws {CheckpointError} where its numbers contradict each other, naming file and numbers
 */
export function sizeRules(
  { prior, decoder, defaults }: ModelFolders,
  configs: Parameters<typeof latentRules>[0],
): SizeRules {
  const { resolutionMultiple } = prior;
  const { latentDimScale } = decoder;
  const latents = latentRules(configs);
  const file = `${decoder.folder}/model_index.json`;
  const pixels = latentDimScale * latents.pixelsPerLatent;
  const ratio = pixels / resolutionMultiple;
  if (!(ratio <= largestRatio && ratio >= 1 / largestRatio)) {
    throw new CheckpointError(
      `${file}: "latent_dim_scale": Expected about ${
        Number((resolutionMultiple / latents.pixelsPerLatent).toFixed(2))
      }, ` +
        `since a cell of Stage C stands for ${resolutionMultiple} px (resolution_multiple) and one of Stage B for ` +
        `${latents.pixelsPerLatent}, but found ${latentDimScale}`,
    );
  }
  return {
    resolutionMultiple,
    latentDimScale,
    ...latents,
    minSide: defaults.min_side ?? usualSides.min,
    maxSide: defaults.max_side ?? usualSides.max,
    file,
  };
}
