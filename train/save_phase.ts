/**
 * Writes a checkpoint of a phase, and takes over what has been learnt where the phase is complete.
 * @module
 */
import { join } from "node:path";
import { NumericError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { listCheckpoints, loraFile, type PlayerStates, type Position, writeCheckpoint } from "./checkpoint.ts";
import type { NetworkName } from "./networks.ts";
import { adviceOnNumbers } from "./optimiser/nan_guard.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { PhaseRun } from "./phase_run.ts";
import type { PhaseRequest } from "./run_phase.ts";
import { latentDeviation } from "./samples.ts";

/**
 * Saves a phase; `request.progress` is brought up to date, and old checkpoints are removed.
 *
 * @param spent on the whole training so far
 * @returns path of the checkpoint
 * @throws {NumericError} where what would be saved is not finite
 * @throws {ResourceError} where the disk is full
 */
export async function savePhase(
  run: PhaseRun,
  { name, own, folder, config, data, fingerprint, progress }: PhaseRequest,
  spent: { seconds: number; flops: number },
): Promise<string> {
  const { step, states, adversaryStep } = run;
  checkStates(states, step);
  const done = step === own.steps;
  const networks = new Map([...progress.networks, ...run.weights()]);
  if (name === "stageA") {
    const scale = await latentDeviation(progress.configs.vqgan, networks.get("vqgan")!, { data, config });
    if (!Number.isFinite(scale)) {
      throw new NumericError(`Step ${step}: Stage A's latents have a deviation of ${scale}; ${adviceOnNumbers}`);
    }
    if (scale === 0) {
      throw new NumericError(`Step ${step}: Stage A's latents are all the same; the pictures may be, too`);
    }
    progress.configs = { ...progress.configs, vqgan: { ...progress.configs.vqgan, scale_factor: scale } };
  }
  const position: Position = {
    phase: name,
    step,
    done,
    order: run.phase.loader.state,
    ...(adversaryStep === undefined ? {} : { adversaryStep }),
    scaleFactor: progress.configs.vqgan.scale_factor,
    ...spent,
    fingerprint,
  };
  const model = { config, configs: progress.configs, networks, tokenizer: folder.tokenizers };
  const factors = run.lora();
  const lora = factors && { factors, alpha: run.phase.lora!.alpha };
  const path = await writeCheckpoint(folder.checkpoints, position, { model, states, lora });
  if (lora && done) {
    await writeFileAtomic(join(folder.path, loraFile), await Deno.readFile(join(path, loraFile)), { force: true });
  }
  progress.position = position;
  progress.checkpoint = path;
  if (done) progress.networks = copied(networks);
  const old = (await listCheckpoints(folder.checkpoints)).slice(0, -config.checkpoints.keep);
  for (const { path } of old) await Deno.remove(path, { recursive: true });
  return path;
}

/** An update may overflow although loss and gradients were finite. */
function checkStates(states: PlayerStates, step: number): void {
  for (const { weights, slots, average } of Object.values(states)) {
    for (const [kind, tensors] of [["weight", weights], ...slots, ["average", average ?? new Map()]] as const) {
      for (const [key, { data }] of tensors as Weights) {
        if (!data.every(Number.isFinite)) {
          throw new NumericError(`Step ${step}: the ${kind} of "${key}" holds NaN or infinity; ${adviceOnNumbers}`);
        }
      }
    }
  }
}

/** The next step would free what the last one made. */
function copied(networks: ReadonlyMap<NetworkName, Weights>): Map<NetworkName, Weights> {
  return new Map([...networks].map(([name, weights]) => [
    name,
    new Map([...weights].map(([key, value]) => [key, { ...value, data: value.data.slice() }])),
  ]));
}
