/**
 * What `wuerstchen dataset check` does.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { checkDataset, type CheckDatasetOptions, type DatasetReport } from "../train/data/check.ts";
import { type DatasetSuggestion, problemsOf, suggestionOf } from "../train/data/check_problems.ts";
import { openSource, type Source } from "../train/data/source.ts";
import type { DatasetFlags } from "./dataset.ts";
import { oneLine } from "./_errors.ts";
import { watchInterruption } from "./_interruption.ts";
import { Progress } from "./_progress.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";

/**
 * Prints what a data set holds and what is wrong with it.
 *
 * @throws {CheckpointError} after printing, where there are errors; or where the data set cannot be indexed
 * @throws {ConfigError} where the path is no data set
 */
export async function runDatasetCheck(path: string, { quick = false, json = false }: DatasetFlags): Promise<void> {
  using interruption = watchInterruption();
  const source = await openSource(path);
  const report = await checkWithProgress(source, { quick, signal: interruption.signal });
  const problems = problemsOf(report);
  const suggestion = suggestionOf(report);
  if (json) writeOut(`${JSON.stringify({ ...report, problems, suggestion }, null, 2)}\n`);
  else writeOut(formatDatasetReport(report));
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (errors > 0) {
    const what = report.readable === 0 ? "nothing in it can be trained on" : "mend or remove what is listed";
    throw new CheckpointError(`${path}: the data set has ${errors === 1 ? "a fault" : `${errors} faults`}: ${what}`);
  }
}

/** Draws how far the check is, where somebody sees it. */
async function checkWithProgress(source: Source, options: CheckDatasetOptions): Promise<DatasetReport> {
  const terminal = openTerminal("stderr");
  if (!terminal.isTerminal) return await checkDataset(source, options);
  using progress = new Progress([{ stage: "check", total: source.length }], { terminal });
  let last = performance.now();
  return await checkDataset(source, {
    ...options,
    onSample(step, total) {
      const now = performance.now();
      progress.update({ stage: "check", step, total, seconds: (now - last) / 1000 });
      last = now;
    },
  });
}

/** Kinds of data sets in words. */
const kinds = { folder: "a folder", webdataset: "WebDataset tars", parquet: "Parquet files" } as const;

/** Columns of the longest bar of a histogram. */
const barWidth = 30;

/** A report as lines for people, problems included. */
export function formatDatasetReport(report: DatasetReport): string {
  const { path, kind, samples, readable, captions, ignoredFiles } = report;
  const captioned = readable - captions.missing - captions.empty;
  const sizes = Object.entries(report.sizes).map(([size, count]) => `${size.replace("x", "×")} px (${number(count)})`);
  const facts: [string, string][] = [
    ["readable", `${number(readable)} of ${number(samples)}`],
    [
      "captions",
      captioned === 0
        ? "none"
        : `${number(captioned)}, ${number(captions.distinct)} different, at most ${captions.longest} characters`,
    ],
    ["sizes", firstOf(sizes)],
    ["channels", tally(report.channels)],
    ["bits", tally(report.depths)],
  ];
  if (ignoredFiles.count > 0) facts.push(["other files", `${number(ignoredFiles.count)}, which are not read`]);
  const problems = problemsOf(report).map(({ severity, message }) => `${severity}: ${oneLine(message)}`);
  const suggestion = suggestionOf(report);
  return [
    `${oneLine(path)}: ${kinds[kind]}, ${number(samples)} samples`,
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `${name.padEnd(12)}${value}`),
    ...histogram(report.shorterSides),
    ...problems,
    ...(problems.length === 0 ? ["no problems found"] : []),
    ...(suggestion ? [`suggestion: ${formatSuggestion(suggestion)}`] : []),
    "",
  ].join("\n");
}

function formatSuggestion({ channels, size, usesBuckets }: DatasetSuggestion): string {
  const shape = usesBuckets ? `aspect buckets of about ${size}×${size} px` : `${size}×${size} px`;
  return `train ${channels === 1 ? "1 channel" : `${channels} channels`} at ${shape}`;
}

/** Shorter sides by powers of two as bars. */
function histogram(sides: Readonly<Record<string, number>>): string[] {
  const most = Math.max(...Object.values(sides));
  return Object.entries(sides).map(([side, count], i) => {
    const bar = "█".repeat(Math.max(1, Math.round((count / most) * barWidth)));
    const range = `${side} to ${2 * Number(side) - 1} px`;
    return `${(i === 0 ? "short side" : "").padEnd(12)}${range.padEnd(18)}${bar} ${number(count)}`;
  });
}

function tally(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([value, count]) => `${value} (${number(count)})`).join(", ");
}

/** The first three of a list, and how many more there are. */
function firstOf(items: readonly string[]): string {
  const rest = items.length - 3;
  return items.slice(0, 3).join(", ") + (rest > 0 ? ` and ${number(rest)} more` : "");
}

function number(value: number): string {
  return value.toLocaleString("en");
}
