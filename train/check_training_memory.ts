/**
 * Forecasts whether a training fits into memory.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import { type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import type { NetworkConfigs, VocabularySize } from "./networks.ts";
import { phaseCost } from "./phase_cost.ts";

/**
 * Refuses a training of which a phase needs more memory than is free.
 *
 * @param options.free bytes that are free; those of this machine unless told
 * @throws {ResourceError} with the forecast, and what would help
 * @throws {ConfigError} where sizes of the model contradict each other
 */
export async function checkTrainingMemory(
  config: TrainingConfig,
  { configs, vocabularies, free }: {
    configs: NetworkConfigs;
    vocabularies: Readonly<Record<"prior" | "decoder", VocabularySize>>;
    free?: number;
  },
): Promise<void> {
  const room = free ?? await freeMemory();
  for (const name of phaseNames) {
    if (!config[name]) continue;
    const { maxLength: tokens } = vocabularies[name === "stageC" ? "prior" : "decoder"];
    const { memory } = phaseCost(name, { config, configs, tokens });
    if (room === undefined || memory <= room) continue;
    throw new ResourceError(
      `${name} needs about ${formatBytes(memory)} of memory and ${formatBytes(room)} are free: ${advice(name, config)}`,
    );
  }
}

function advice(name: PhaseName, config: TrainingConfig): string {
  const { batch, batches, recompute } = config[name]!;
  const ways = [
    ...(batch > 1 ? [`a smaller batch (${name}.batch ${Math.ceil(batch / 2)} with batches ${2 * batches})`] : []),
    ...(recompute ? [] : [`${name}.recompute`]),
    "smaller pictures or networks",
  ];
  return `choose ${ways.join(", ").replace(/, (?=[^,]*$)/, " or ")}, or try it all the same with --ignore-memory`;
}
