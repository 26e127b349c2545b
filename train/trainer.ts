/**
 * Trains a model: Stage A, then Stage B with the compressor, then Stage C, each as its configuration says. START HERE.
 * @module
 */
import { cpus } from "node:os";
import { join } from "node:path";
import { ConfigError, NumericError } from "../errors.ts";
import { runtimeVersion } from "../runtime/session.ts";
import { ddpmWuerstchen } from "../schedulers/ddpm_wuerstchen.ts";
import { loadClipTokenizer } from "../text/load_clip_tokenizer.ts";
import { version } from "../version.ts";
import { listCheckpoints, loraFile, type Position, readStates, writeCheckpoint } from "./checkpoint.ts";
import { type PhaseConfig, type PhaseName, phaseNames, type TrainingConfig } from "./config.ts";
import { readNetwork, writeModel } from "./model_folder.ts";
import { initialWeights, type NetworkConfigs, networkConfigs, type NetworkName, networkNames } from "./networks.ts";
import type { Weights } from "./optimiser/gradient_pass.ts";
import type { TrainingState } from "./optimiser/training_step.ts";
import { PhaseRun } from "./phase_run.ts";
import type { PhaseContext } from "./phases/phase.ts";
import { startPhase } from "./phases/start_phase.ts";
import { writeReport } from "./report/write_report.ts";
import { configChanges, RunFolder } from "./run_folder.ts";
import { latentDeviation, sampleGrid } from "./samples.ts";
import { prepareTokenizers } from "./tokenizer.ts";
import { networkFolder, type Start, withStartSizes } from "./start.ts";
import { TrainingData } from "./training_data.ts";

/** Options of {@linkcode train}. */
export interface TrainOptions {
  /** Folder of the run: log, checkpoints, samples, report and the finished model. */
  readonly folder: string;
  /** Goes on where the configuration has changed since the run was started. */
  readonly acceptChanges?: boolean;
  /** Stops behind a step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** What a training tells while it runs; all but `progress` are lines of the log as well. */
export type TrainingEvent =
  | {
    readonly type: "progress";
    readonly phase: PhaseName;
    readonly step: number;
    readonly total: number;
    readonly seconds: number;
    readonly loss: number;
  }
  | (
    & { readonly type: "start" | "phase" | "step" | "checkpoint" | "sample" | "unreadable" | "end" | "stop" }
    & Readonly<
      Record<string, unknown>
    >
  );

/** Networks as they stand, and how far the training is. */
interface Progress {
  networks: Map<NetworkName, Weights>;
  configs: NetworkConfigs;
  position: Position | undefined;
  states: Record<string, TrainingState>;
}

/**
 * Trains, or goes on where an earlier run in the same folder stopped. The finished model is in `folder/model`.
 *
 * @throws {ConfigError} where the configuration is impossible, or is not the one that the run was started with
 * @throws {NumericError} where the loss or a gradient is no finite number; the last checkpoint stays
 * @throws {ResourceError} where the disk is full; the last checkpoint stays
 */
export async function* train(given: TrainingConfig, options: TrainOptions): AsyncGenerator<TrainingEvent> {
  const config = await withStartSizes(given);
  using folder = await RunFolder.open(options.folder);
  await checkConfig(folder, config, options);
  const data = await TrainingData.open(config, { scratch: join(folder.path, "scratch") });
  const fingerprint = await data.fingerprint();
  const vocabularies = await prepareTokenizers(folder.tokenizers, config, data);
  const progress = await startOrResume(folder, config, networkConfigs(config, vocabularies));
  if (progress.position && progress.position.fingerprint !== fingerprint) {
    throw new ConfigError(`${config.data.path}: these are not the samples that the run was started with`);
  }
  await folder.storeConfig(config);
  yield* logged(folder, await startLine(config, data, progress));
  for (const name of phaseNames) {
    const own = config[name];
    if (!own || isDone(name, progress.position)) continue;
    yield* runPhase({ name, own, folder, config, data, fingerprint, progress, options });
    if (options.signal?.aborted) return;
  }
  const model = join(folder.path, "model");
  await Deno.remove(model, { recursive: true }).catch(() => {});
  await Deno.mkdir(model);
  const { networks, configs, position } = progress;
  await writeModel(model, { config, configs, networks, tokenizer: folder.tokenizers }, { dtype: config.dtype });
  const { seconds = 0, flops = 0 } = position ?? {};
  yield* logged(folder, { type: "end", time: now(), seconds, flops, path: model });
  await writeReport(folder.path);
}

const now = () => new Date().toISOString();

async function* logged(folder: RunFolder, line: TrainingEvent): AsyncGenerator<TrainingEvent> {
  await folder.log(line);
  yield line;
}

async function checkConfig(folder: RunFolder, config: TrainingConfig, { acceptChanges = false }: TrainOptions) {
  const before = await folder.config();
  if (!before || acceptChanges) return;
  const changes = configChanges(before, config);
  if (changes.length === 0) return;
  throw new ConfigError(
    `${folder.path}: the run was started with another configuration (${changes.join("; ")}); ` +
      "change it back, choose another folder, or go on all the same with --accept-changes",
  );
}

function isDone(name: PhaseName, position: Position | undefined): boolean {
  if (!position) return false;
  const order = phaseNames.indexOf(position.phase) - phaseNames.indexOf(name);
  return order > 0 || order === 0 && position.done;
}

async function startOrResume(folder: RunFolder, config: TrainingConfig, sizes: NetworkConfigs): Promise<Progress> {
  const last = (await listCheckpoints(folder.checkpoints)).at(-1);
  const start = last?.path ?? config.start;
  const networks = new Map<NetworkName, Weights>();
  for (const name of networkNames) {
    const weights = start === undefined ? undefined : await readNetwork(start, name, sizes);
    networks.set(name, weights ?? initialWeights(name, sizes, config));
  }
  const position = last?.position;
  const scale = position?.scaleFactor ?? (config.start === undefined ? 1 : await readScaleFactor(config.start));
  const configs = { ...sizes, vqgan: { ...sizes.vqgan, scale_factor: scale } };
  const states = last && !last.position.done ? await readStates(last.path, last.position) : {};
  return { networks, configs, position, states };
}

async function readScaleFactor(model: Start): Promise<number> {
  const folder = networkFolder(model, "vqgan");
  const text = folder === undefined ? "{}" : await Deno.readTextFile(join(folder, "config.json")).catch(() => "{}");
  return (JSON.parse(text) as { scale_factor?: number }).scale_factor ?? 1;
}

async function startLine(config: TrainingConfig, data: TrainingData, { networks, position }: Progress) {
  const count = (weights: Weights) => [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  return {
    type: "start" as const,
    time: now(),
    version,
    config,
    environment: {
      deno: Deno.version.deno,
      cpu: cpus()[0]?.model ?? "unknown",
      onnxruntime: await runtimeVersion(),
      cores: navigator.hardwareConcurrency,
      memory: Deno.systemMemoryInfo().total,
      platform: `${Deno.build.os} ${Deno.build.arch}`,
    },
    parameters: Object.fromEntries([...networks].map(([name, weights]) => [name, count(weights)])),
    samples: data.source.length,
    ...(position ? { resumedFrom: { phase: position.phase, step: position.step } } : {}),
  };
}

interface PhaseRequest {
  readonly name: PhaseName;
  readonly own: PhaseConfig;
  readonly folder: RunFolder;
  readonly config: TrainingConfig;
  readonly data: TrainingData;
  readonly fingerprint: string;
  readonly progress: Progress;
  readonly options: TrainOptions;
}

/** Means over the steps since the last line of the log. */
class Averages {
  #sums: Record<string, number> = {};
  #count = 0;
  #start = performance.now();

  add(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) this.#sums[name] = (this.#sums[name] ?? 0) + value;
    this.#count++;
  }

  take(): { means: Record<string, number>; seconds: number; count: number } {
    const taken = {
      means: Object.fromEntries(Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.#count])),
      seconds: (performance.now() - this.#start) / 1000,
      count: this.#count,
    };
    [this.#sums, this.#count, this.#start] = [{}, 0, performance.now()];
    return taken;
  }
}

async function* runPhase(request: PhaseRequest): AsyncGenerator<TrainingEvent> {
  const { name, own, folder, config, data, progress, options: { signal } } = request;
  const resumed = progress.position?.phase === name ? progress.position : undefined;
  const context: PhaseContext = {
    config,
    configs: progress.configs,
    data,
    tokenizer: await loadClipTokenizer(join(folder.tokenizers, name === "stageC" ? "prior" : "decoder")),
    scheduler: ddpmWuerstchen(),
    networks: progress.networks,
    state: resumed?.order,
  };
  const phase = await startPhase(name, context);
  await using run = await PhaseRun.create(phase, { config, own, networks: progress.networks, states: progress.states });
  progress.states = {};
  yield* logged(folder, {
    type: "phase",
    phase: name,
    time: now(),
    steps: own.steps,
    batch: own.batch * own.batches,
    samples: phase.samples,
    flops: run.flops,
  });
  const before = { seconds: progress.position?.seconds ?? 0, flops: progress.position?.flops ?? 0 };
  const started = performance.now();
  const first = run.step;
  const averages = new Averages();
  const unreadable = new Set<string>();
  while (run.step < own.steps) {
    const begun = performance.now();
    const report = await run.next();
    const { step, loss, norm, metrics } = report;
    averages.add({ loss, norm, ...metrics });
    yield { type: "progress", phase: name, step, total: own.steps, seconds: (performance.now() - begun) / 1000, loss };
    for (const { id, reason } of phase.unreadable.filter(({ id }) => !unreadable.has(id))) {
      unreadable.add(id);
      yield* logged(folder, { type: "unreadable", id, reason });
    }
    const isLast = step === own.steps || (signal?.aborted ?? false);
    if (step % config.logEvery === 0 || isLast) yield* logged(folder, stepLine(run, averages.take(), { own, started }));
    const isSampled = step % config.samples.every === 0 || step === own.steps;
    if (step % config.checkpoints.every === 0 || isSampled || isLast) {
      const seconds = before.seconds + (performance.now() - started) / 1000;
      const flops = before.flops + (step - first) * run.flops;
      const path = await save(run, request, { seconds, flops });
      yield* logged(folder, { type: "checkpoint", phase: name, step, path });
      if (isSampled) {
        yield* logged(folder, await sampleGrid(path, { phase: name, step, ...request }));
        await writeReport(folder.path);
      }
    }
    if (signal?.aborted) {
      yield* logged(folder, { type: "stop", phase: name, step, reason: "interrupted" });
      return;
    }
  }
}

function stepLine(
  run: PhaseRun,
  { means: { loss = 0, norm = 0, ...metrics }, seconds, count }: ReturnType<Averages["take"]>,
  { own, started }: { own: PhaseConfig; started: number },
): TrainingEvent {
  return {
    type: "step",
    phase: run.phase.name,
    step: run.step,
    loss,
    metrics,
    norm,
    learningRate: run.learningRate,
    seconds: (performance.now() - started) / 1000,
    picturesPerSecond: count * own.batch * own.batches / seconds,
    waitedSeconds: run.phase.waitedSeconds,
    memory: Deno.memoryUsage().rss,
  };
}

/** Writes a checkpoint, takes over what has been learnt where the phase is complete, and removes old checkpoints. */
async function save(
  run: PhaseRun,
  { name, own, folder, config, data, fingerprint, progress }: PhaseRequest,
  spent: { seconds: number; flops: number },
): Promise<string> {
  const done = run.step === own.steps;
  const networks = new Map([...progress.networks, ...run.weights()]);
  const { adversaryStep } = run;
  if (name === "stageA") {
    const scale = await latentDeviation(progress.configs.vqgan, networks.get("vqgan")!, { data, config });
    if (!Number.isFinite(scale)) throw runAway(run.step, "Stage A's latents");
    progress.configs = { ...progress.configs, vqgan: { ...progress.configs.vqgan, scale_factor: scale } };
  }
  const position: Position = {
    phase: name,
    step: run.step,
    done,
    order: run.phase.state,
    ...(adversaryStep === undefined ? {} : { adversaryStep }),
    scaleFactor: progress.configs.vqgan.scale_factor,
    ...spent,
    fingerprint,
  };
  const model = { config, configs: progress.configs, networks, tokenizer: folder.tokenizers };
  const factors = run.lora();
  const lora = factors && { factors, alpha: run.phase.lora!.alpha };
  const path = await writeCheckpoint(folder.checkpoints, position, { model, states: run.states, lora });
  if (lora && done) await Deno.copyFile(join(path, loraFile), join(folder.path, loraFile));
  progress.position = position;
  if (done) progress.networks = copied(networks);
  const old = (await listCheckpoints(folder.checkpoints)).slice(0, -config.checkpoints.keep);
  for (const { path } of old) await Deno.remove(path, { recursive: true });
  return path;
}

function runAway(step: number, what: string): NumericError {
  return new NumericError(
    `Step ${step}: ${what} are no finite numbers; lower the learning rate or clip gradients, and resume from the last checkpoint`,
  );
}

/** The next step would free what the last one made. */
function copied(networks: ReadonlyMap<NetworkName, Weights>): Map<NetworkName, Weights> {
  return new Map([...networks].map(([name, weights]) => [
    name,
    new Map([...weights].map(([key, value]) => [key, { ...value, data: value.data.slice() }])),
  ]));
}
