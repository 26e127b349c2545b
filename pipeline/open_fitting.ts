/**
 * Chooses in how many bits a model's weights are kept by the memory that there is.
 * @module
 */
import type { Registry } from "../plugins/registry.ts";
import { describeThrift, type Fit, fitJob, forecastJob, refusal } from "./fit_memory.ts";
import { Job } from "./job.ts";
import type { ModelFolders } from "./model_folders.ts";
import { modelDefaults } from "./options.ts";
import type { ModelParts } from "./parts.ts";
import type { PrecisionChoice } from "./precisions.ts";
import { sizeRules } from "./size_rules.ts";
import type { GenerateOptions } from "./types.ts";

/** From the most exact to the smallest; nothing stands for weights as they are stored. */
const inOrder: readonly (PrecisionChoice | undefined)[] = [undefined, "int8", "int4"];

/** What has to fit. */
export interface FittingOptions {
  /** Bytes that there are; where unknown, everything fits. */
  readonly room: number | undefined;
  /** Tiles and smaller batches are taken before fewer bits are. */
  readonly thrifty?: boolean | undefined;
  /** What will be painted; where left out, a picture of the usual size. */
  readonly upcoming?: readonly GenerateOptions[] | undefined;
  readonly registry: Registry;
}

/**
 * Opens a model in the most exact precision with which all that is to be painted fits, mapped weights included; in the smallest where
 * none does.
 *
 * @throws {ResourceError} where it has to be `thrifty`, what will be painted is known, and it does not fit in any way
 */
export async function openFitting(
  folders: ModelFolders,
  open: (precision: PrecisionChoice | undefined) => Promise<ModelParts>,
  { room, thrifty = false, upcoming, registry }: FittingOptions,
): Promise<ModelParts> {
  let parts = await open(undefined);
  if (room === undefined) return parts;
  const needed = { thrifty, upcoming: upcoming ?? [{ prompt: "" }], registry, room };
  let hardest = hardestOf(parts, folders, needed);
  const plain = hardest;
  for (const precision of inOrder.slice(1)) {
    const { network } = parts.prior.stage;
    const isWritten = network.precision !== "fp32" && network.options.precision === undefined;
    if (isWritten || hardest.forecast.peak <= room) break;
    parts = await open(precision);
    hardest = hardestOf(parts, folders, needed);
  }
  if (thrifty && upcoming && hardest.forecast.peak > room) {
    const how = describeThrift(parts, hardest.thrift);
    throw refusal(hardest.job, { room, plain: plain.plain, least: hardest.forecast, how });
  }
  return parts;
}

/** The generation that takes most memory, and what it would take as it is. */
function hardestOf(
  parts: ModelParts,
  folders: ModelFolders,
  { room, thrifty, upcoming, registry }:
    & Required<Pick<FittingOptions, "upcoming">>
    & Pick<FittingOptions, "thrifty" | "registry">
    & { room: number },
): Fit & { job: Job; plain: Fit["forecast"] } {
  const { stage, autoencoder } = parts.decoder;
  const rules = sizeRules(folders, { decoder: stage.config, vqgan: autoencoder.config });
  const defaults = modelDefaults(folders.defaults);
  const fits = upcoming!.map((request, index) => {
    const job = new Job(request, { index, rules, defaults, registry });
    const plain = forecastJob(job, parts);
    return { job, plain, ...(thrifty ? fitJob(job, parts, { room }) : { thrift: {}, forecast: plain }) };
  });
  return fits.reduce((most, fit) => fit.forecast.peak > most.forecast.peak ? fit : most);
}
