/**
 * Checks a configuration before anything is read, built or written.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { compressorChannels } from "../networks/compressor.ts";
import { modelDefaults, resolveOptions } from "../pipeline/options.ts";
import { planSizes } from "../pipeline/plan.ts";
import type { TrainingConfig } from "./config.ts";
import { type NetworkConfigs, networkConfigs, networkParameters, networksOf } from "./networks.ts";
import { checkPictureSizes, modelSides, pictureSize, trainingSizeRules } from "./picture_sizes.ts";

/**
 * Checks what the settings say together: sizes of the networks and of the pictures, the order of the phases, and what the finished model
 * will be asked to paint.
 *
 * @param config with the sizes of the model that training starts from
 * @throws {ConfigError} where they contradict each other
 */
export function checkTraining(config: TrainingConfig): void {
  const configs = networkConfigs(config, vocabularies(config));
  for (const name of networksOf(configs)) networkParameters(name, configs);
  checkChannels(config, configs);
  checkPhases(config);
  checkPictureSizes(config, configs);
  if (config.stageB || config.stageC) checkDefaults(config, configs);
}

/** The largest vocabularies that may be learnt: the real ones are known once the captions are read. */
function vocabularies({ model: { tokenizer: { size, maxLength } } }: TrainingConfig) {
  const vocabulary = { size, eosId: size - 1, maxLength };
  return { prior: vocabulary, decoder: vocabulary };
}

function checkChannels({ data: { channels } }: TrainingConfig, { compressor }: NetworkConfigs): void {
  const found = compressorChannels(compressor);
  if (found === channels) return;
  throw new ConfigError(
    `model.compressor: Expected a compressor of the ${channels} channels of data.channels but found one of ${found}: ` +
      "the small one takes any number",
  );
}

/** Each phase learns what the one before has made. */
function checkPhases({ start, stageA, stageB, stageC, preview }: TrainingConfig): void {
  if (start !== undefined) return;
  const missing = (name: string, before: string, what: string) =>
    new ConfigError(`${name}: Expected ${before} too, or a model to start from: it learns ${what} that has learnt`);
  if (stageB && !stageA) throw missing("stageB", "stageA", "the latents of a Stage A");
  if (stageC && !stageB) throw missing("stageC", "stageB", "the embeddings of a compressor");
  if (preview && !stageB) throw missing("preview", "stageB", "the embeddings of a compressor");
}

/** Paints in thought: with the model's own settings, and at its own size. */
function checkDefaults(config: TrainingConfig, configs: NetworkConfigs): void {
  const { defaults } = config.model;
  const own = { ...pictureSize(config), ...modelSides(config, configs), ...defaults };
  try {
    const options = resolveOptions({ prompt: "" }, modelDefaults(own));
    const { min_side: minSide = 64, max_side: maxSide = 4096 } = own;
    planSizes(options, { ...trainingSizeRules(config, configs), minSide, maxSide });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`model.defaults: ${error.message}`, { cause: error });
  }
}
