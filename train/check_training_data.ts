/**
 * Checks a data set against what a configuration wants to learn from it.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import { allowedColours } from "./data/backgrounds.ts";
import type { TrainingData } from "./training_data.ts";

/** Names that a warning lists. */
const listed = 5;

/**
 * Finds out what a training would stumble over.
 *
 * @returns warnings, a line each
 * @throws {ConfigError} where there are no captions for a phase that learns from them, or nothing is left for a phase
 */
export function checkTrainingData(config: TrainingConfig, data: TrainingData): string[] {
  const warnings = [...captionWarnings(config, data), ...findingWarnings(data)];
  checkBackgrounds(data);
  for (const name of phaseNames) if (config[name]) warnings.push(...phaseWarnings(name, config, data));
  if (data.source.length === 1) warnings.push("there is only 1 picture, which can be learnt by heart and no more");
  return warnings;
}

function captionWarnings(config: TrainingConfig, { captions }: TrainingData): string[] {
  const reads = (["stageB", "stageC"] as const).filter((name) => config[name] && config[name].captionDropout < 1);
  const missing = captions.filter((caption) => caption === "").length;
  if (missing === 0 || reads.length === 0) return [];
  if (missing < captions.length) return [`no caption, or an empty one (${missing} of ${captions.length})`];
  throw new ConfigError(
    `${config.data.path}: no picture has a caption, which ${reads.join(" and ")} ${
      reads.length === 1 ? "learns" : "learn"
    } from: ` +
      "put a .txt file beside each picture or add a metadata.jsonl, or train without text by captionDropout 1",
  );
}

function findingWarnings({ source: { findings } }: TrainingData): string[] {
  const line = (what: string, names: readonly string[]) => {
    const rest = names.length - listed;
    return names.length === 0
      ? []
      : [`${what} (${names.length}): ${names.slice(0, listed).join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`];
  };
  return [
    ...line("caption tables name missing pictures", findings.missingImages),
    ...line("caption files beside no picture", findings.lonelyCaptions),
  ];
}

function checkBackgrounds({ captions, backgrounds }: TrainingData): void {
  const without = backgrounds && captions.find((caption) => allowedColours(caption, backgrounds).length === 0);
  if (without === undefined) return;
  throw new ConfigError(`data.backgrounds: no colour is left for "${without}": hold out fewer or add colours`);
}

function phaseWarnings(name: PhaseName, config: TrainingConfig, data: TrainingData): string[] {
  const own = config[name]!;
  const { length } = data.split(own).training;
  if (length === 0) throw new ConfigError(`${name}.holdOut: no picture of ${config.data.path} is left to learn from`);
  if (own.batch <= length) return [];
  return [`${name}: a batch of ${own.batch} is more than the ${length} pictures, and holds some of them several times`];
}
