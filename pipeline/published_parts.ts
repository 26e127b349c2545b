/**
 * Würstchen v2 as published, without its files: for forecasts, which need no number of its weights.
 * @module
 */
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import { predictionOf } from "../schedulers/prediction.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { declaredParameters, type NetworkClass } from "../stages/declared_parameters.ts";
import { PriorStage } from "../stages/prior.ts";
import { wuerstchenV2 } from "../stages/published_configs.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import type { TextTokenizer } from "../text/text_tokenizer.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { ChosenDevices } from "./devices.ts";
import { keptAs, type ModelParts } from "./parts.ts";
import type { SizeRules } from "./plan.ts";
import type { NetworkName, PrecisionChoice } from "./precisions.ts";
import { latentRules, usualSides } from "./size_rules.ts";

/** Where messages say that it lies. */
const folder = "wuerstchen-v2";

/** The sizes that it paints: `prior/model_index.json` and `model_index.json` of the published repositories. */
export const publishedRules: SizeRules = {
  resolutionMultiple: 42.67,
  latentDimScale: 10.67,
  ...latentRules(wuerstchenV2),
  minSide: usualSides.min,
  maxSide: usualSides.max,
};

function unread(): never {
  throw new TypeError(`${folder}: Expected nothing but sizes to be asked of a model without files`);
}

/** A checkpoint of which only the shapes are known: as published, in 32 bits. */
function checkpointOf(network: NetworkClass, config: Readonly<Record<string, unknown>>): Checkpoint {
  const tensors = [...declaredParameters(network, config)].map(([key, shape]) => {
    return [key, { dtype: "float32", shape, file: folder, start: 0, length: 4 * sizeOf(shape) }] as const;
  });
  return {
    folder,
    variant: undefined,
    tensors: new Map(tensors),
    files: [],
    metadata: {},
    isOriginal: false,
    bytes: tensors.reduce((sum, [, { length }]) => sum + length, 0),
    read: unread,
    checkUnchanged: () => Promise.resolve(),
  };
}

/** A tokenizer of which only the number of tokens is known. */
function tokenizerOf(maxLength: number): TextTokenizer {
  return { maxLength, encode: unread } as unknown as TextTokenizer;
}

/** The model's stages, which can be asked what they would take and cannot be run. */
export function publishedParts(
  { precision, devices = {} }: {
    precision?: PrecisionChoice | undefined;
    devices?: ChosenDevices["networks"] | undefined;
  } = {},
): ModelParts {
  const { priorText, prior, decoderText, decoder, vqgan, tokens } = wuerstchenV2;
  const kept = (network: NetworkName) => keptAs(network, { precision, devices });
  const text = (network: NetworkName, config: typeof priorText, maxLength: number) =>
    new TextEncoderStage(
      { config, tokenizer: tokenizerOf(maxLength) },
      checkpointOf("CLIPTextModel", config),
      kept(network),
    );
  const sampling = { schedule: cosineSchedule({}), prediction: predictionOf(undefined) };
  const priorCheckpoint = checkpointOf("WuerstchenPrior", prior);
  const context = { folder, config: prior, checkpoint: priorCheckpoint, options: kept("prior") };
  return {
    prior: {
      text: text("prior_text_encoder", priorText, tokens.prior),
      stage: new PriorStage(prior, priorCheckpoint, context.options),
      sampling,
      context,
    },
    decoder: {
      text: text("decoder_text_encoder", decoderText, tokens.decoder),
      stage: new DecoderStage(decoder, checkpointOf("WuerstchenDiffNeXt", decoder), kept("decoder")),
      sampling,
      autoencoder: new AutoencoderStage(vqgan, checkpointOf("PaellaVQModel", vqgan), kept("vqgan")),
    },
    loras: [],
    devices,
  };
}
