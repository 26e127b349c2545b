/**
 * What `wuerstchen eval` does.
 * @module
 */
import { dirname, resolve } from "node:path";
import { CheckpointError } from "../errors.ts";
import {
  type EvaluationConfig,
  findEvaluationConfig,
  parseEvaluationConfig,
  readEvaluationConfig,
} from "../evaluation/config.ts";
import { evaluate, type EvaluationReport } from "../evaluation/evaluate.ts";
import type { Measure } from "../evaluation/measures.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { compressorOf } from "../pipeline/reconstruct.ts";
import { version } from "../version.ts";
import { watchDownloads } from "./_download_progress.ts";
import { oneLine } from "./_errors.ts";
import { watchInterruption } from "./_interruption.ts";
import { formatSeconds, Progress } from "./_progress.ts";
import { formatPsnr } from "./_psnr.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal, styled, type Terminal } from "./_terminal.ts";
import type { EvalFlags } from "./eval.ts";

/**
 * Evaluates a model and prints what was found.
 *
 * @throws {ConfigError} where the configuration is missing or wrong
 * @throws {CheckpointError} where model or data set cannot be read; with `--strict` after printing, where a bar is missed
 */
export async function runEval(model: string, flags: EvalFlags): Promise<void> {
  using interruption = watchInterruption();
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), signal: interruption.signal });
  await using pipeline = await loadPipeline(model, { threads: flags.threads, keepLoaded: true, hub: downloads.hub });
  downloads[Symbol.dispose]();
  const config = await readConfig(pipeline, flags);
  const report = await evaluateWithProgress(pipeline, { config, flags, signal: interruption.signal });
  const terminal = openTerminal("stdout");
  if (flags.json) writeOut(`${JSON.stringify({ version, ...report }, null, 2)}\n`);
  else writeOut(formatReport(report, { terminal }));
  const missed = report.measures.filter(({ bar, passed }) => bar !== undefined && passed !== true);
  if (flags.strict && missed.length > 0) {
    throw new CheckpointError(
      `${model}: ${missed.length === 1 ? "a bar is" : `${missed.length} bars are`} not reached`,
    );
  }
}

/** The configuration of the model's training; without any, a data set that was named is taken as it is. */
async function readConfig(pipeline: Pipeline, { config, data }: EvalFlags): Promise<EvaluationConfig> {
  const folder = dirname(compressorOf(pipeline.parts).network.checkpoint.folder);
  const path = data === undefined ? {} : { path: resolve(data) };
  const file = config ?? await findEvaluationConfig(folder).catch((error) => {
    if (data === undefined) throw error;
    return undefined;
  });
  const read = file === undefined
    ? parseEvaluationConfig({ data: path }, { file: "--data" })
    : await readEvaluationConfig(file);
  return { ...read, data: { ...read.data, ...path } };
}

async function evaluateWithProgress(
  pipeline: Pipeline,
  { config, flags, signal }: { config: EvaluationConfig; flags: EvalFlags; signal: AbortSignal },
): Promise<EvaluationReport> {
  const { count, seed, captions, priorSteps, priorGuidance, decoderSteps, decoderGuidance, quiet } = flags;
  let progress: Progress | undefined;
  try {
    return await evaluate(pipeline, {
      config,
      count,
      seed,
      hasCaptions: captions,
      sampling: { priorSteps, priorGuidance, decoderSteps, decoderGuidance },
      signal,
      onPlan: (stages) => {
        if (!quiet) progress = new Progress(stages, { terminal: openTerminal("stderr") });
      },
      onStep: (event) => progress?.update(event),
    });
  } finally {
    progress?.done();
  }
}

/** The numbers as a table for people. */
export function formatReport(report: EvaluationReport, { terminal }: { terminal: Terminal }): string {
  const { model, data, seed, measures, seconds } = report;
  const rows = measures.map(rowOf);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, value, count, bar, verdict]) => {
    const cells = [
      name.padEnd(widths[0]!),
      value.padStart(widths[1]!),
      count.padStart(widths[2]!),
      bar.padEnd(widths[3]!),
    ];
    const style = verdict === "pass" ? "green" : "red";
    return `${cells.join("  ")}  ${styled(verdict, style, { terminal })}`.trimEnd();
  });
  const title = `${oneLine(model.name)} on ${oneLine(data.path)}: ${data.drawings.toLocaleString("en")} drawings at ` +
    `${data.width}×${data.height} px, seed ${seed}`;
  return `${title}\n\n${lines.join("\n")}\n\nmeasured in ${formatSeconds(seconds)}\n`;
}

type Row = readonly [name: string, value: string, count: string, bar: string, verdict: string];

function rowOf({ name, unit, value, count, bar, passed }: Measure): Row {
  const show = (number: number) => {
    if (unit === "") return number.toPrecision(3);
    return unit === "dB" ? formatPsnr(number) : `${(100 * number).toFixed(1)} %`;
  };
  return [
    name,
    value === undefined ? "–" : show(value),
    count === 0 ? "no pictures" : `of ${count}`,
    bar === undefined ? "" : `≥ ${unit === "dB" ? `${bar} dB` : `${Math.round(100 * bar)} %`}`,
    passed === undefined ? "" : passed ? "pass" : "fail",
  ];
}
