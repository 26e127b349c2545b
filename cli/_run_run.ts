/**
 * What `wuerstchen run` does.
 * @module
 */
import { join } from "node:path";
import { type Experiment, readExperiment } from "../experiments/experiment.ts";
import { type ExperimentPlan, forecastExperiment, planExperiment, toStored } from "../experiments/plan_experiment.ts";
import { type ExperimentEvent, runExperiment } from "../experiments/run_experiment.ts";
import { readResults, RunFolder } from "../experiments/run_folder.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { measureSpeed } from "../pipeline/machine_speed.ts";
import { allowedBySettings, canonicalSpecifier, loadPlugin } from "../plugins/load.ts";
import type { Registry } from "../plugins/registry.ts";
import { formatFlops } from "../report/quantities.ts";
import { InterruptedError, oneLine, PartialBatchError } from "./_errors.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { formatSeconds, Progress } from "./_progress.ts";
import { openRegistry } from "./_registry.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal, warn } from "./_terminal.ts";
import type { RunFlags } from "./run.ts";

/**
 * Runs an experiment.
 *
 * @param file none where flags say everything
 * @throws {ConfigError} before anything is painted, where a setting is wrong
 * @throws {PartialBatchError} where some pictures could not be painted
 * @throws {InterruptedError} where SIGINT or SIGTERM stopped it
 */
export async function runRun(file: string | undefined, flags: RunFlags): Promise<void> {
  const terminal = openTerminal("stderr");
  const experiment = await readExperiment(file, { set: changesOf(flags) });
  const registry = await openPlugins(experiment, flags);
  using interruption = watchInterruption({
    onSignal: ({ signal }) => {
      if (signal === "SIGINT") terminal.write("\nStopping after this step; press Ctrl+C again to stop at once.\n");
    },
  });
  const { quiet = false, acceptLicense, ignoreMemory, dryRun = false } = flags;
  using downloads = await watchDownloads({ terminal, quiet, signal: interruption.signal, acceptLicense });
  // Only what is here can be planned without fetching it.
  const hub = dryRun ? { ...downloads.hub, settings: { offline: true } } : downloads.hub;
  const plan = await planExperiment(experiment, { registry, hub, ignoreMemory });
  downloads[Symbol.dispose]();
  await using _models = plan.models;
  const path = flags.output ??
    join("runs", experiment.name.replace(/[^\w.-]+/g, "-").replace(/^[-.]+/, "") || "experiment");
  if (dryRun) return await printPlan(plan, path, flags);
  using folder = await RunFolder.open(path, { config: experiment.config, plan: toStored(plan) });
  await paint(plan, folder, { flags, signal: interruption.signal });
}

/** Loads the plugins that flags name, and those of the experiment that flags or the user's own settings allow. */
async function openPlugins({ config: { plugins } }: Experiment, { allowPlugin = [] }: RunFlags): Promise<Registry> {
  const registry = await openRegistry({ allowPlugin });
  if (plugins.length === 0) return registry;
  const byFlag = allowPlugin.map((specifier) => canonicalSpecifier(specifier));
  const allowed = new Set([...await allowedBySettings(), ...byFlag]);
  for (const plugin of plugins) await loadPlugin(plugin, registry, { allowed });
  return registry;
}

/** Pictures of a plan that are there. */
function finishedIn({ pictures }: ExperimentPlan, { results }: RunFolder): number {
  return [...pictures.keys()].filter((id) => results.pictures.has(id)).length;
}

/** An event as a line of JSON. */
function jsonOf(event: ExperimentEvent): unknown {
  if (event.type !== "failure") return event;
  return { ...event, error: event.error instanceof Error ? event.error.message : String(event.error) };
}

function changesOf({ set = [], model, threads }: RunFlags): string[] {
  return [
    ...(model === undefined ? [] : [`model=${JSON.stringify(model)}`]),
    ...(threads === undefined ? [] : [`threads=${threads}`]),
    ...set,
  ];
}

/** What stands for a time that nobody can tell. */
const unknownTime = "no forecast: how fast a device computes is not measured";

async function printPlan(plan: ExperimentPlan, path: string, { json = false, threads }: RunFlags): Promise<void> {
  const { pictures: finished } = await readResults(path);
  const speed = await measureSpeed({ threads });
  const left = forecastExperiment(plan, { speed, isFinished: (id) => finished.has(id) });
  const numbers = {
    folder: path,
    cells: plan.cells.length,
    pictures: plan.pictures.size,
    finished: plan.pictures.size - left.pictures,
    seconds: left.seconds,
    memory: left.memory,
    flops: left.flops,
  };
  if (json) return writeOut(`${JSON.stringify({ ...numbers, speed: speed.float, byteSpeed: speed.byte }, null, 2)}\n`);
  const rows: [string, string][] = [
    ["cells", String(numbers.cells)],
    ["pictures", `${numbers.pictures}, of which ${numbers.finished} are finished in ${path}`],
    ["time", left.seconds === undefined ? unknownTime : `about ${formatSeconds(left.seconds)}`],
    ["memory", formatBytes(numbers.memory)],
    ["operations", formatFlops(numbers.flops)],
  ];
  writeOut(rows.map(([name, value]) => `${name.padEnd(12)}${oneLine(value)}\n`).join(""));
}

async function paint(
  plan: ExperimentPlan,
  folder: RunFolder,
  { flags, signal }: { flags: RunFlags; signal: AbortSignal },
): Promise<void> {
  const { quiet = false, json = false, jsonl = false } = flags;
  const terminal = openTerminal("stderr");
  let progress: Progress | undefined;
  let end: Extract<ExperimentEvent, { type: "end" }> | undefined;
  let before = 0;
  const failures: { id: string; error: unknown }[] = [];
  try {
    for await (const event of runExperiment(plan, folder, { signal })) {
      if (jsonl && event.type !== "inside") writeOut(`${JSON.stringify(jsonOf(event))}\n`);
      switch (event.type) {
        case "start": {
          const { pictures, finished } = event;
          if (finished > 0 && !quiet) terminal.write(`${finished} of ${pictures} pictures are there already\n`);
          if (!quiet) progress = new Progress([{ stage: "pictures", total: pictures - finished }], { terminal });
          before = finished;
          break;
        }
        case "picture": {
          const { done, total, seconds } = event;
          progress?.update({ stage: "pictures", step: done - before, total: total - before, seconds });
          break;
        }
        case "measure":
          progress?.update({ stage: "measurements", step: event.done, total: event.total, seconds: event.seconds });
          break;
        case "failure":
          failures.push(event);
          progress?.clear();
          warn(`${event.id}: ${event.error instanceof Error ? event.error.message : event.error}`, terminal);
          break;
        case "end":
          end = event;
      }
    }
  } catch (error) {
    if (signal.aborted && signal.reason instanceof InterruptedError) {
      const detail = `${finishedIn(plan, folder)} of ${plan.pictures.size} pictures are finished; start again to go on`;
      throw new InterruptedError(signal.reason.signal, { detail, cause: error });
    }
    throw error;
  } finally {
    progress?.done();
  }
  if (json) writeOut(`${JSON.stringify({ ...end, folder: folder.path }, null, 2)}\n`);
  else if (!jsonl) writeOut(`${end!.report}\n`);
  if (failures.length > 0) {
    throw new PartialBatchError(
      `${failures.length} ${failures.length === 1 ? "thing" : "things"} of the experiment failed: ${
        end!.report
      } says which`,
      { cause: failures[0]!.error },
    );
  }
}
