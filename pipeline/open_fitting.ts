/**
 * Chooses in how many bits a model's weights are kept by the memory that there is.
 * @module
 */
import { freeMemory } from "../runtime/free_memory.ts";
import { forecastMemory } from "./forecast.ts";
import type { ModelFolders } from "./model_folders.ts";
import { modelDefaults } from "./options.ts";
import type { ModelParts } from "./parts.ts";
import { planSizes } from "./plan.ts";
import type { PrecisionChoice } from "./precisions.ts";
import { sizeRules } from "./size_rules.ts";

/** From the most exact to the smallest; nothing stands for weights as they are stored. */
const inOrder: readonly (PrecisionChoice | undefined)[] = [undefined, "int8", "int4"];

/**
 * Opens a model in the most exact precision whose picture of the usual size, with guidance, fits into free memory, mapped weights
 * included; in the smallest where none does.
 *
 * @param options.free bytes; asked of the system where left out
 */
export async function openFitting(
  folders: ModelFolders,
  open: (precision: PrecisionChoice | undefined) => Promise<ModelParts>,
  { free }: { free?: number | undefined } = {},
): Promise<ModelParts> {
  const room = free ?? await freeMemory();
  let parts = await open(undefined);
  for (const precision of inOrder.slice(1)) {
    const isWritten = parts.prior.stage.network.precision !== "fp32" &&
      parts.prior.stage.network.options.precision === undefined;
    if (isWritten || room === undefined || peakOf(parts, folders) <= room) break;
    parts = await open(precision);
  }
  return parts;
}

/** Memory of the usual picture at its highest. */
function peakOf(parts: ModelParts, folders: ModelFolders): number {
  const { stage, autoencoder } = parts.decoder;
  const rules = sizeRules(folders, { decoder: stage.config, vqgan: autoencoder.config });
  const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };
  return forecastMemory(parts, planSizes(modelDefaults(folders.defaults), rules), { batches }).peak;
}
