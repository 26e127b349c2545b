/**
 * What `wuerstchen plan` does. No weights are read, and of a model on the hub none are fetched.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { GraphError } from "../onnx/mod.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { forecastSeconds } from "../pipeline/forecast_time.ts";
import { type MachineSpeed, measureSpeed } from "../pipeline/machine_speed.ts";
import { planSizes } from "../pipeline/plan.ts";
import { describeFitting } from "../pipeline/what_fits.ts";
import { inspectModel } from "../stages/inspect.ts";
import { readTrainingConfig } from "../train/config.ts";
import { planTraining } from "../train/plan.ts";
import { checkModelFlags, type NetworkMemory, planMemory, type RoomFit, rowNames } from "./_plan_memory.ts";
import { watchDownloads } from "./_download_progress.ts";
import { type DescribedModel, readModelConfigs } from "./_model_configs.ts";
import { formatSeconds } from "./_progress.ts";
import { foldersOfRows, readRemote } from "./_remote_plan.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import type { PlanFlags } from "./plan.ts";

/** One line of a plan: a network, or a phase of a training. */
export interface PlanRow extends NetworkMemory {
  readonly name: string;
  /** How often it runs. */
  readonly runs: number;
  readonly parameters: number;
  readonly disk: number;
  /** Floating-point operations of all runs. */
  readonly flops: number;
  /** Nothing where it runs on a device: how fast that computes is not measured. */
  readonly seconds: number | undefined;
}

/** A plan: its lines, and what they come to. */
export interface Plan {
  readonly what: string;
  readonly download: number;
  readonly rows: readonly PlanRow[];
  readonly disk: number;
  readonly memory: number;
  readonly flops: number;
  /** Nothing where that of a line is not known. */
  readonly seconds: number | undefined;
  /** What keeps it below `--max-memory`, in words; empty where nothing has to. */
  readonly how: string;
  /** What fits into which memory; only of a model. */
  readonly fits?: readonly RoomFit[];
  /** What the user has to know. */
  readonly notices: readonly string[];
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
  if (flags.json) writeOut(`${JSON.stringify({ ...plan, speed: speed.float, byteSpeed: speed.byte }, null, 2)}\n`);
  else writeOut(formatPlan(plan, { speed }));
}

async function modelPlan(name: string, flags: PlanFlags, { speed }: { speed: MachineSpeed }): Promise<Plan> {
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), quiet: true });
  const { variant } = flags;
  const hub = { ...downloads.hub, ...(variant === undefined ? {} : { variant }) };
  const model = await readModelConfigs(name, { ...flags, hub });
  const remote = await readRemote(model, hub);
  const { defaults, rules, folders } = model;
  const sizes = { width: flags.width ?? defaults.width, height: flags.height ?? defaults.height };
  const plan = planSizes(sizes, rules);
  const trees = inspected(model, plan);
  const checkpointOf = remote && ((folder: string) => remote.weights.get(folder)?.checkpoint);
  const { networks, work, ...rest } = await planMemory(model, flags, { checkpointOf });
  const guided = (scale: number) => scale > 1 ? 2 : 1;
  const runs: Readonly<Record<string, readonly [runs: number, batch: number]>> = {
    [rowNames.prior_text_encoder]: [1, guided(defaults.priorGuidance)],
    [rowNames.prior]: [defaults.priorSteps, guided(defaults.priorGuidance)],
    [rowNames.decoder_text_encoder]: [1, guided(defaults.decoderGuidance)],
    [rowNames.decoder]: [defaults.decoderSteps, guided(defaults.decoderGuidance)],
    [rowNames.vqgan]: [1, 1],
    // Only where somebody wants to look on.
    [rowNames.preview]: [0, 1],
  };
  const rowFolders = foldersOfRows(model);
  const rows = trees.flatMap(({ name, parameters, flops }): PlanRow[] => {
    const [[times, batch], memory] = [runs[name] ?? [], networks.get(name)];
    if (times === undefined || batch === undefined || memory === undefined) return [];
    const evaluations = times * batch;
    // The preview, which runs as often as somebody wants to look, has none.
    const computed = work.get(name)?.(evaluations) ?? { flops: 0, nodes: 0 };
    const isHere = memory.device === "cpu";
    const weights = remote?.weights.get(rowFolders.get(name) ?? "");
    return [{
      name,
      runs: times,
      parameters,
      disk: weights?.bytes ?? 4 * parameters,
      ...memory,
      flops: evaluations * flops,
      seconds: isHere ? forecastSeconds(computed, { speed, kind: "inference" }) : undefined,
    }];
  });
  const all = { what: name, rows, ...totals(rows), ...rest };
  if (remote) return { ...all, download: remote.download, disk: remote.disk };
  const disk = folders === undefined ? rows.reduce((sum, row) => sum + row.disk, 0) : await diskOf(model);
  return { ...all, download: folders === undefined ? disk : 0, disk };
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

function totals(rows: readonly PlanRow[]): Pick<Plan, "memory" | "flops" | "seconds"> {
  const seconds = rows.map(({ seconds }) => seconds).filter((seconds) => seconds !== undefined);
  return {
    memory: Math.max(...rows.map(({ memory }) => memory)),
    flops: rows.reduce((sum, { flops }) => sum + flops, 0),
    seconds: seconds.length < rows.length ? undefined : seconds.reduce((sum, own) => sum + own, 0),
  };
}

async function trainingPlan(path: string, flags: PlanFlags, { speed }: { speed: MachineSpeed }): Promise<Plan> {
  checkModelFlags(path, flags);
  const { set = [] } = flags;
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
      device: "cpu",
      memory,
      flops: work.flops,
      seconds,
    };
  });
  // One more than stay is there while a checkpoint is written.
  const disk = (config.checkpoints.keep + 1) * plan.checkpointBytes + plan.modelBytes;
  return { what: path, download: 0, rows, disk, ...totals(rows), how: "", notices: [] };
}

/** A plan as a table for people. */
export function formatPlan(plan: Plan, { speed }: { speed: MachineSpeed }): string {
  const { what, download, rows, disk, memory, flops, seconds } = plan;
  const [first, ...others] = new Set(rows.map(({ device }) => device));
  // Where networks run on several, each line says on which.
  const isMixed = others.length > 0;
  const place = (text: string) => isMixed ? [text] : [];
  const heading = isMixed || first === undefined || first === "cpu" ? "memory" : `memory of ${first}`;
  const table = [
    ["", ...place("on"), "runs", "parameters", "disk", heading, "operations", "time"],
    ...rows.map((row) => [
      row.name,
      ...place(row.device),
      row.runs.toLocaleString("en"),
      row.parameters.toLocaleString("en"),
      formatBytes(row.disk),
      formatBytes(row.memory),
      formatOperations(row.flops),
      formatTime(row.seconds),
    ]),
    [
      "all",
      ...place(""),
      "",
      "",
      formatBytes(disk),
      formatBytes(memory),
      formatOperations(flops),
      formatTime(seconds),
    ],
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ").trimEnd()
  );
  const fetched = download === 0 ? "nothing to download" : `${formatBytes(download)} to download`;
  const [float, byte] = [speed.float, speed.byte].map(formatOperations);
  const head = `${what}: ${fetched}; matrix products run at ${float}/s here, in 8 bits at ${byte}/s`;
  return `${[head, "", ...lines, ...remarks(plan)].join("\n")}\n`;
}

/** What follows the table. */
function remarks({ rows, how, fits, notices }: Plan): string[] {
  const devices = [...new Set(rows.map(({ device }) => device))].filter((device) => device !== "cpu");
  const ways = (fits ?? []).map(({ room, way }) => `in ${formatBytes(room)} ${way ? describeFitting(way) : "nothing"}`);
  const remarks = [
    ...(how === "" ? [] : [`kept to --max-memory by ${how}`]),
    ...(ways.length === 0 ? [] : [`what fits, one network at a time: ${ways.join("; ")}`]),
    ...(devices.length === 0 ? [] : [
      `memory of ${devices.join(" and ")} is a forecast that nobody has measured; of times on a device there is none`,
    ]),
    ...notices,
  ];
  return remarks.length === 0 ? [] : ["", ...remarks];
}

function formatTime(seconds: number | undefined): string {
  return seconds === undefined ? "?" : formatSeconds(seconds);
}

function formatOperations(flops: number): string {
  const units = ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, flops)) / 3)));
  return `${(flops / 1000 ** power).toPrecision(3)} ${units[power]}`;
}
