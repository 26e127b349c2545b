/**
 * What `wuerstchen plan` does. No weights are read, and of a model on the hub none are fetched.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { GraphError } from "../onnx/mod.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { forecastSeconds } from "../pipeline/forecast_time.ts";
import { measureSpeed } from "../pipeline/machine_speed.ts";
import { planSizes } from "../pipeline/plan.ts";
import { inspectModel } from "../stages/inspect.ts";
import { readTrainingConfig } from "../train/config.ts";
import { planTraining } from "../train/plan.ts";
import { checkFilesHere, planMemory } from "./_plan_memory.ts";
import { watchDownloads } from "./_download_progress.ts";
import { type DescribedModel, readModelConfigs } from "./_model_configs.ts";
import { formatSeconds } from "./_progress.ts";
import { checkRemote, readRemote } from "./_remote_plan.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import type { PlanFlags } from "./plan.ts";

/** One line of a plan: a network, or a phase of a training. */
export interface PlanRow {
  readonly name: string;
  /** How often it runs. */
  readonly runs: number;
  readonly parameters: number;
  readonly disk: number;
  /** Bytes at its peak. */
  readonly memory: number;
  /** Floating-point operations of all runs. */
  readonly flops: number;
  readonly seconds: number;
}

/** A plan: its lines, and what they come to. */
export interface Plan {
  readonly what: string;
  readonly download: number;
  readonly rows: readonly PlanRow[];
  readonly disk: number;
  readonly memory: number;
  readonly flops: number;
  readonly seconds: number;
}

/**
 * Prints the plan of a model or of a training.
 *
 * @throws {CheckpointError} where the model is missing or its configuration contradicts itself
 * @throws {ConfigError} where the training's configuration is impossible, or the size is none that the model can paint
 */
export async function runPlan(what: string, flags: PlanFlags): Promise<void> {
  const speed = await measureSpeed({ threads: flags.threads });
  const plan = /\.jsonc?$/.test(what)
    ? await trainingPlan(what, flags, { speed })
    : await modelPlan(what, flags, { speed });
  if (flags.json) writeOut(`${JSON.stringify({ ...plan, speed }, null, 2)}\n`);
  else writeOut(formatPlan(plan, { speed }));
}

/** Program, runtime library and JavaScript heap, for models without files, whose graphs cannot be rewritten as they will be run. */
const baseBytes = 200e6;

async function modelPlan(name: string, flags: PlanFlags, { speed }: { speed: number }): Promise<Plan> {
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), quiet: true });
  const { variant } = flags;
  const hub = { ...downloads.hub, ...(variant === undefined ? {} : { variant }) };
  const model = await readModelConfigs(name, { ...flags, hub });
  const remote = await readRemote(model, hub);
  if (remote) checkRemote(model, remote);
  const { defaults, rules } = model;
  const plan = planSizes({ width: flags.width ?? defaults.width, height: flags.height ?? defaults.height }, rules);
  const guided = (scale: number) => scale > 1 ? 2 : 1;
  const runs: Readonly<Record<string, readonly [runs: number, batch: number]>> = {
    prior_text_encoder: [1, guided(defaults.priorGuidance)],
    prior: [defaults.priorSteps, guided(defaults.priorGuidance)],
    decoder_text_encoder: [1, guided(defaults.decoderGuidance)],
    decoder: [defaults.decoderSteps, guided(defaults.decoderGuidance)],
    "vqgan decode": [1, 1],
    // Only where somebody wants to look on.
    preview: [0, 1],
  };
  const isHere = !remote && model.folders !== undefined;
  if (!isHere) checkFilesHere(flags);
  const memory = isHere ? await planMemory(name, flags) : undefined;
  const rows = inspected(model, plan).flatMap(({ name, parameters, flops, nodes, activationBytes }): PlanRow[] => {
    const [times, batch] = runs[name] ?? [];
    if (times === undefined || batch === undefined) return [];
    const work = { flops: times * batch * flops, nodes: times * nodes };
    const weights = remote?.weights.get(name);
    return [{
      name,
      runs: times,
      parameters,
      disk: weights?.bytes ?? 4 * parameters,
      memory: memory?.get(name) ?? baseBytes + 4 * parameters + batch * activationBytes,
      flops: work.flops,
      seconds: forecastSeconds(work, { speed, kind: "inference" }),
    }];
  });
  if (remote) return { what: name, download: remote.download, rows, disk: remote.disk, ...totals(rows) };
  const disk = model.folders === undefined ? rows.reduce((sum, row) => sum + row.disk, 0) : await diskOf(model);
  return { what: name, download: model.folders === undefined ? disk : 0, rows, disk, ...totals(rows) };
}

function inspected(model: DescribedModel, plan: ReturnType<typeof planSizes>) {
  try {
    return inspectModel(model.configs, plan);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new CheckpointError(`${model.name}: its configuration contradicts itself: ${error.message}`, {
      cause: error,
    });
  }
}

/** Bytes of all files below the folders of a model. */
async function diskOf({ folders }: DescribedModel): Promise<number> {
  const roots = new Set([folders!.prior.folder, folders!.decoder.folder]);
  let bytes = 0;
  for (const root of roots) bytes += await bytesBelow(root);
  return bytes;
}

async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const { isDirectory, size } = await Deno.stat(path);
    bytes += isDirectory ? await bytesBelow(path) : size;
  }
  return bytes;
}

function totals(rows: readonly PlanRow[]): { memory: number; flops: number; seconds: number } {
  return {
    memory: Math.max(...rows.map(({ memory }) => memory)),
    flops: rows.reduce((sum, { flops }) => sum + flops, 0),
    seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

async function trainingPlan(path: string, { set = [] }: PlanFlags, { speed }: { speed: number }): Promise<Plan> {
  const config = await readTrainingConfig(path, { set });
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), quiet: true });
  const plan = await planTraining(config, { hub: downloads.hub });
  const rows = plan.phases.map(({ phase, steps, trained, stepFlops, stepNodes, memory }): PlanRow => {
    const work = { flops: steps * stepFlops, nodes: steps * stepNodes };
    const seconds = forecastSeconds(work, { speed, kind: "training" });
    return {
      name: phase,
      runs: steps,
      parameters: trained,
      disk: plan.checkpointBytes,
      memory,
      flops: work.flops,
      seconds,
    };
  });
  // One more than stay is there while a checkpoint is written.
  const disk = (config.checkpoints.keep + 1) * plan.checkpointBytes + plan.modelBytes;
  return { what: path, download: 0, rows, disk, ...totals(rows) };
}

/** A plan as a table for people. */
export function formatPlan(
  { what, download, rows, disk, memory, flops, seconds }: Plan,
  { speed }: { speed: number },
): string {
  const table = [
    ["", "runs", "parameters", "disk", "memory", "operations", "time"],
    ...rows.map((row) => [
      row.name,
      row.runs.toLocaleString("en"),
      row.parameters.toLocaleString("en"),
      formatBytes(row.disk),
      formatBytes(row.memory),
      formatOperations(row.flops),
      formatSeconds(row.seconds),
    ]),
    ["all", "", "", formatBytes(disk), formatBytes(memory), formatOperations(flops), formatSeconds(seconds)],
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ").trimEnd()
  );
  const fetched = download === 0 ? "nothing to download" : `${formatBytes(download)} to download`;
  return `${what}: ${fetched}; matrix products run at ${formatOperations(speed)}/s here\n\n${lines.join("\n")}\n`;
}

function formatOperations(flops: number): string {
  const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, flops)) / 3)));
  return `${(flops / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
