/**
 * The first line of a training's log: what is trained, and on what.
 * @module
 */
import { readEnvironment } from "../runtime/environment.ts";
import { version } from "../version.ts";
import type { TrainingConfig } from "./config.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { Progress } from "./progress.ts";
import type { LoggedEvent } from "./training_event.ts";
import type { TrainingData } from "./training_data.ts";

const count = (weights: Weights) => [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);

/** Says configuration, environment, sizes of the networks, and where an earlier process stopped. */
export async function startLine(
  config: TrainingConfig,
  data: TrainingData,
  { networks, position }: Progress,
): Promise<LoggedEvent> {
  return {
    type: "start",
    time: new Date().toISOString(),
    version,
    config,
    environment: await readEnvironment(),
    parameters: Object.fromEntries([...networks].map(([name, weights]) => [name, count(weights)])),
    samples: data.source.length,
    ...(position ? { resumedFrom: { phase: position.phase, step: position.step } } : {}),
  };
}
