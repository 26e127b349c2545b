/**
 * Builds one phase of a training and takes steps when it is told to, in a process of its own so that its peak memory is its own.
 *
 * Speaks the lines of `measure.ts`: `step` takes a step of training; the end of the input ends it. `peers/train.py` stands in its
 * place.
 * @module
 */
import { join } from "node:path";
import { cpuUsage, stdin } from "node:process";
import { createInterface } from "node:readline";
import { runtimeVersion } from "../runtime/session.ts";
import { type PhaseName, readTrainingConfig } from "../train/config.ts";
import type { Weights } from "../train/optimiser/gradient_pass.ts";
import { PhaseRun } from "../train/phase_run.ts";
import { pipelineSettings } from "../train/start.ts";
import { scopedWeights } from "../train/phases/phase.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import type { Loaded, Step } from "./measure.ts";
import { trainingCase } from "./training_case.ts";

/** What the process is told on its command line, as JSON. */
export interface StepRequest {
  readonly phase: PhaseName;
  /** File of a training's configuration. */
  readonly config: string;
  readonly threads: number;
  /** Folder for the peer: weights, inputs and sizes go there. */
  readonly folder: string;
}

/** Answer to `step`. */
export interface TrainedStep extends Step {
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly norm: number;
}

function sizesOf(networks: ReadonlyMap<string, Weights>): number {
  return [...networks.values()].flatMap((weights) => [...weights.values()]).reduce(
    (sum, { data }) => sum + data.length,
    0,
  );
}

function say(answer: unknown): void {
  console.log(JSON.stringify(answer));
}

async function main({ phase: name, config: file, threads, folder }: StepRequest): Promise<void> {
  const config = { ...await readTrainingConfig(file), threads };
  const { phase, own, configs, networks, inputs } = trainingCase(name, config);
  await writeSafetensors(
    join(folder, "weights.safetensors"),
    Object.fromEntries(scopedWeights(networks, phase.scopes)),
  );
  await writeSafetensors(join(folder, "inputs.safetensors"), inputs);
  await Deno.writeTextFile(
    join(folder, "training.json"),
    JSON.stringify({ own, configs, pipeline: pipelineSettings(config) }),
  );
  const versions = { deno: Deno.version.deno, onnxruntime: await runtimeVersion() };
  const start = performance.now();
  await using run = await PhaseRun.create(phase, { config, own, networks });
  const load = (performance.now() - start) / 1000;
  say({ load, versions, bytes: 4 * sizesOf(networks), flops: run.flops } satisfies Loaded);
  for await (const _step of createInterface({ input: stdin })) {
    const before = cpuUsage();
    const start = performance.now();
    const { loss, norm } = await run.next();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = cpuUsage(before);
    say({ seconds, processor: (user + system) / 1e6, loss, norm } satisfies TrainedStep);
  }
}

if (import.meta.main) {
  await main(JSON.parse(Deno.args[0]!) as StepRequest);
  Deno.exit();
}
