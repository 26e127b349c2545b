/**
 * Runs one phase of a training from its start, or where it was interrupted, to its end.
 * @module
 */
import { NumericError, ResourceError } from "../errors.ts";
import { cosineSchedule } from "../schedulers/cosine_schedule.ts";
import type { PhaseConfig, PhaseName, TrainingConfig } from "./config.ts";
import type { OrderState } from "./data/order.ts";
import { PhaseRun } from "./phase_run.ts";
import { startPhase } from "./phases/start_phase.ts";
import type { Progress } from "./progress.ts";
import { writeReport } from "./report/write_report.ts";
import type { RunFolder } from "./run_folder.ts";
import { sampleGrid } from "./samples.ts";
import { savePhase } from "./save_phase.ts";
import { StepAverages } from "./step_averages.ts";
import { loadTokenizer } from "./tokenizer.ts";
import type { TrainingData } from "./training_data.ts";
import type { LoggedEvent, TrainingEvent } from "./training_event.ts";

/** What a phase is run with. */
export interface PhaseRequest {
  readonly name: PhaseName;
  readonly own: PhaseConfig;
  readonly folder: RunFolder;
  readonly config: TrainingConfig;
  readonly data: TrainingData;
  readonly fingerprint: string;
  /** Is brought up to date by every checkpoint. */
  readonly progress: Progress;
  /** Settings that have changed since the run was started. */
  readonly changes: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes the steps of a phase, with a log, checkpoints and samples on the way.
 *
 * @throws {NumericError} where a number has run away, naming the last checkpoint
 * @throws {ResourceError} where memory or disk are full
 */
export async function* runPhase(request: PhaseRequest): AsyncGenerator<TrainingEvent> {
  try {
    yield* takeSteps(request);
  } catch (error) {
    throw explained(error, request);
  }
}

async function* takeSteps(request: PhaseRequest): AsyncGenerator<TrainingEvent> {
  const { name, own, folder, config, progress, signal } = request;
  await using run = await startRun(request);
  yield* folder.logged({
    type: "phase",
    phase: name,
    time: new Date().toISOString(),
    steps: own.steps,
    batch: own.batch * own.batches,
    samples: run.phase.loader.samples,
    flops: run.flops,
  });
  const before = { seconds: progress.position?.seconds ?? 0, flops: progress.position?.flops ?? 0 };
  const started = performance.now();
  const first = run.step;
  const averages = new StepAverages();
  const unreadable = new Set<string>();
  let saved = first;
  const save = async function* () {
    const path = await savePhase(run, request, {
      seconds: before.seconds + (performance.now() - started) / 1000,
      flops: before.flops + (run.step - first) * run.flops,
    });
    saved = run.step;
    yield* folder.logged({ type: "checkpoint", phase: name, step: run.step, path });
    return path;
  };
  while (run.step < own.steps && !signal?.aborted) {
    const begun = performance.now();
    const { step, loss, norm, metrics } = await run.next();
    const seconds = (performance.now() - begun) / 1000;
    averages.add({ loss, norm, ...metrics }, { seconds });
    yield { type: "progress", phase: name, step, total: own.steps, seconds, loss };
    for (const { id, reason } of run.phase.loader.unreadable.filter(({ id }) => !unreadable.has(id))) {
      unreadable.add(id);
      yield* folder.logged({ type: "unreadable", id, reason });
    }
    const isLast = step === own.steps || (signal?.aborted ?? false);
    if (step % config.logEvery === 0 || isLast) {
      yield* folder.logged(stepLine(run, averages.take(), { own, seconds: (performance.now() - started) / 1000 }));
    }
    const isSampled = step % config.samples.every === 0 || step === own.steps;
    if (step % config.checkpoints.every !== 0 && !isSampled && !isLast) continue;
    const path = yield* save();
    if (!isSampled || signal?.aborted) continue;
    const sample = await sampleGrid(path, { ...request, step, configs: progress.configs });
    if (!sample) continue;
    yield* folder.logged(sample);
    await writeReport(folder.path);
  }
  if (!signal?.aborted) return;
  if (run.step > saved) yield* save();
  yield* folder.logged({ type: "stop", phase: name, step: run.step, reason: "interrupted" });
}

/** Starts a phase, or takes it up where it was interrupted. */
async function startRun({ name, own, folder, config, data, progress, changes }: PhaseRequest): Promise<PhaseRun> {
  const resumed = progress.position?.phase === name ? progress.position : undefined;
  const phase = await startPhase(name, {
    config,
    configs: progress.configs,
    data,
    tokenizer: await loadTokenizer(folder.tokenizers, name === "stageC" ? "prior" : "decoder", config),
    schedule: cosineSchedule(),
    networks: progress.networks,
    state: resumed?.order && validOrder(resumed.order, { name, changes }),
  });
  try {
    const { networks } = progress;
    const states = resumed ? progress.states : {};
    return await PhaseRun.create(phase, { config, own, networks, states });
  } catch (error) {
    await phase[Symbol.asyncDispose]();
    throw error;
  } finally {
    progress.states = {};
  }
}

/** Where the order goes on: at the next epoch, where the samples of an epoch are no longer the same ones. */
function validOrder(order: OrderState, { name, changes }: { name: PhaseName; changes: readonly string[] }): OrderState {
  const isOther = changes.some((change) =>
    change.startsWith("data.") || change.startsWith(`${name}.holdOut`) || change.startsWith(`${name}.batch:`)
  );
  return isOther ? { epoch: order.epoch + 1, position: 0 } : order;
}

function stepLine(
  run: PhaseRun,
  { means: { loss = 0, norm = 0, ...metrics }, seconds: taken, count }: ReturnType<StepAverages["take"]>,
  { own, seconds }: { own: PhaseConfig; seconds: number },
): LoggedEvent {
  return {
    type: "step",
    phase: run.phase.name,
    step: run.step,
    loss,
    metrics,
    norm,
    learningRate: run.learningRate,
    seconds,
    picturesPerSecond: count * own.batch * own.batches / taken,
    waitedSeconds: run.phase.loader.waitedSeconds,
    memory: Deno.memoryUsage().rss,
  };
}

/** Words of V8 and ONNX Runtime for "no memory". */
const outOfMemory = /bad[_ ]alloc|failed to allocate memory|out of memory|array buffer allocation failed/i;

/** Says which phase an error is of, and where to go on. */
function explained(error: unknown, { name, progress }: PhaseRequest): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof NumericError) {
    const last = progress.checkpoint ?? "there is none yet";
    return new NumericError(`${name}: ${error.message} (${last})`, { cause: error });
  }
  if (!outOfMemory.test(error.message) || error instanceof ResourceError) return error;
  return new ResourceError(`${name}: not enough memory; choose a smaller batch, or ${name}.recompute`, {
    cause: error,
  });
}
