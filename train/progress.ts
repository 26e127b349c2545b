/**
 * How far a training is, and what its networks are by then.
 * @module
 */
import { join } from "node:path";
import { listCheckpoints, type Position, readStates } from "./checkpoint.ts";
import { type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import { readNetwork } from "./model_folder.ts";
import { initialWeights, type NetworkConfigs, type NetworkName, networksOf } from "./networks.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { TrainingState } from "./optimiser/training_step.ts";
import type { RunFolder } from "./run_folder.ts";
import { networkFolder, type Start } from "./start.ts";

/** Networks as they stand, and how far the training is. */
export interface Progress {
  networks: Map<NetworkName, Weights>;
  configs: NetworkConfigs;
  position: Position | undefined;
  /** Of the phase that was interrupted, by player. */
  states: Record<string, TrainingState>;
  /** Folder of the last checkpoint. */
  checkpoint: string | undefined;
}

/** Whether a phase lies behind a position. The last one that was trained goes on where the configuration has more steps by now. */
export function isDone(name: PhaseName, position: Position | undefined, config: TrainingConfig): boolean {
  if (!position) return false;
  const order = phaseNames.indexOf(position.phase) - phaseNames.indexOf(name);
  return order > 0 || order === 0 && position.done && position.step >= (config[name]?.steps ?? 0);
}

/**
 * Reads the last checkpoint of a run, or else the model that it starts from; networks that neither has get their first values.
 *
 * @throws {CheckpointError} where it is damaged, or of other sizes
 */
export async function startOrResume(
  folder: RunFolder,
  config: TrainingConfig,
  sizes: NetworkConfigs,
): Promise<Progress> {
  const last = (await listCheckpoints(folder.checkpoints)).at(-1);
  const start = last?.path ?? config.start;
  const networks = new Map<NetworkName, Weights>();
  for (const name of networksOf(sizes)) {
    const weights = start === undefined ? undefined : await readNetwork(start, name, sizes);
    networks.set(name, weights ?? initialWeights(name, sizes, config));
  }
  const position = last?.position;
  const scale = position?.scaleFactor ?? (config.start === undefined ? 1 : await readScaleFactor(config.start));
  const configs = { ...sizes, vqgan: { ...sizes.vqgan, scale_factor: scale } };
  const states = last && !isDone(last.position.phase, last.position, config)
    ? await readStates(last.path, last.position)
    : {};
  return { networks, configs, position, states, checkpoint: last?.path };
}

async function readScaleFactor(model: Start): Promise<number> {
  const folder = networkFolder(model, "vqgan");
  const text = folder === undefined ? "{}" : await Deno.readTextFile(join(folder, "config.json")).catch(() => "{}");
  return (JSON.parse(text) as { scale_factor?: number }).scale_factor ?? 1;
}
