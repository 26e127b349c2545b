/**
 * Trains a model: Stage A, then Stage B with the compressor, then Stage C, each as its configuration says. START HERE.
 * @module
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { checkTraining } from "./check_training.ts";
import { checkTrainingData } from "./check_training_data.ts";
import { checkTrainingMemory } from "./check_training_memory.ts";
import { checkTrainingConfig, phaseNames, type TrainingConfig, type TrainingSettings } from "./config.ts";
import { fetchStart, readStartCommits, writeStartCommits } from "./fetch_start.ts";
import { writeWholeModel } from "./model_folder.ts";
import { readEncoderSizes } from "./joined_encoders.ts";
import { networkConfigs } from "./networks.ts";
import { bucketOptions } from "./picture_sizes.ts";
import { isDone, type Progress, startOrResume } from "./progress.ts";
import { writeReport } from "./report/write_report.ts";
import { configChanges, RunFolder } from "./run_folder.ts";
import { runPhase } from "./run_phase.ts";
import { startLine } from "./start_line.ts";
import { withStartSizes } from "./start.ts";
import { prepareTokenizers } from "./tokenizer.ts";
import { TrainingData } from "./training_data.ts";
import type { TrainingEvent, TrainOptions } from "./training_event.ts";

export type { LoggedEvent, TrainingEvent, TrainOptions } from "./training_event.ts";

/**
 * Trains, or goes on where an earlier run in the same folder stopped. The finished model is in `folder/model`. Nothing happens
 * before the events are iterated; leaving the loop early stops without a checkpoint, `signal` with one.
 *
 * @param settings what {@linkcode readTrainingConfig} gives, or an object of the same keys, whose paths are relative to the current folder
 * @throws {ConfigError} where the configuration is impossible, or is not the one that the run was started with
 * @throws {CheckpointError} where the data set or a checkpoint cannot be read
 * @throws {HubError} where the model to start from is on a hub and cannot be had
 * @throws {NumericError} where the loss or a gradient is no finite number; the last checkpoint stays
 * @throws {ResourceError} where the memory is too small, before anything is built, or the disk is full; the last checkpoint stays
 */
export async function* train(settings: TrainingSettings, options: TrainOptions): AsyncGenerator<TrainingEvent> {
  const given = checkTrainingConfig(settings);
  const started = given.start === undefined ? undefined : await fetchStart(given.start, {
    commits: await readStartCommits(options.folder),
    hub: { ...options.hub, signal: options.signal },
  });
  const config = await withStartSizes(started ? { ...given, start: started.start } : given);
  checkTraining(config);
  using folder = await RunFolder.open(options.folder);
  // What is kept names the model as it was named: the cache may lie elsewhere tomorrow.
  const named = given.start === undefined ? config : { ...config, start: given.start };
  const changes = await acceptedChanges(folder, named, options);
  const scratch = join(folder.path, "scratch");
  const data = await TrainingData.open(config, { scratch });
  const warnings = checkTrainingData(config, data);
  const fingerprint = await data.fingerprint();
  await folder.checkFingerprint(fingerprint, config);
  const vocabularies = await prepareTokenizers(folder.tokenizers, config, data);
  const configs = networkConfigs(config, vocabularies, { encoders: await readEncoderSizes(config) });
  if (!options.ignoreMemory) await checkTrainingMemory(config, { configs, vocabularies });
  const buckets = bucketOptions(config, configs);
  if (buckets) await data.useBuckets(buckets, { scratch });
  const progress = await startOrResume(folder, config, configs);
  await folder.storeConfig(named);
  await writeStartCommits(folder.path, started?.commits ?? {});
  try {
    yield* folder.logged(await startLine(named, data, progress));
    for (const message of warnings) yield* folder.logged({ type: "warning", message });
    for (const name of phaseNames) {
      const own = config[name];
      if (!own || isDone(name, progress.position, config)) continue;
      if (options.signal?.aborted) return;
      yield* runPhase({ name, own, folder, config, data, fingerprint, progress, changes, signal: options.signal });
      if (options.signal?.aborted) return;
    }
    yield* finish(folder, config, progress);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // The disk may be full, and the error itself says more.
    await folder.log({ type: "stop", reason }).catch(() => {});
    throw error;
  }
}

/** What has changed since the run was started, where that is accepted. */
async function acceptedChanges(
  folder: RunFolder,
  config: TrainingConfig,
  { acceptChanges = false }: TrainOptions,
): Promise<readonly string[]> {
  const before = await folder.config();
  const changes = before ? configChanges(before, config) : [];
  if (acceptChanges || changes.length === 0) return changes;
  throw new ConfigError(
    `${folder.path}: the run was started with another configuration (${changes.join("; ")}); ` +
      "change it back, choose another folder, or go on all the same with --accept-changes",
  );
}

async function* finish(folder: RunFolder, config: TrainingConfig, progress: Progress): AsyncGenerator<TrainingEvent> {
  const { networks, configs, position } = progress;
  const path = join(folder.path, "model");
  await writeWholeModel(path, { config, configs, networks, tokenizer: folder.tokenizers }, { dtype: config.dtype });
  const { seconds = 0, flops = 0 } = position ?? {};
  yield* folder.logged({ type: "end", time: new Date().toISOString(), seconds, flops, path });
  await writeReport(folder.path);
}
