/**
 * What a report says of one phase.
 * @module
 */
import type { PhaseName } from "../config.ts";
import { type ChartOptions, lineChart } from "../../report/chart.ts";
import { escapeHtml } from "../../report/escape_html.ts";
import type { SampleLine, StepLine } from "./log_line.ts";
import { formatBytes, formatCount, formatDuration, formatFlops, formatNumber } from "../../report/quantities.ts";
import type { PhaseHistory } from "./run_history.ts";
import type { SamplePicture, SamplePictures } from "./sample_pictures.ts";

/** What each phase is called. */
export const phaseTitles: Readonly<Record<PhaseName, string>> = {
  stageA: "Stage A",
  stageB: "Stage B",
  stageC: "Stage C",
  preview: "Preview decoder",
};

const phaseSubjects: Readonly<Record<PhaseName, string>> = {
  stageA: "pictures to latents and back",
  stageB: "compressor, and latents from its embeddings",
  stageC: "embeddings from text",
  preview: "small pictures from embeddings",
};

/** Most parts of a loss that get a chart. */
const mostMetrics = 12;

/** The section of a phase: facts, curves, sample grids. */
export function phaseSection(history: PhaseHistory, { pictures, missing }: SamplePictures): string {
  const { phase } = history;
  return [
    `<section id="${phase}">`,
    `<h2>${phaseTitles[phase]} <small>${phaseSubjects[phase]}</small></h2>`,
    `<p class="facts">${facts(history).map((fact) => `<span>${escapeHtml(fact)}</span>`).join(" ")}</p>`,
    charts(history),
    samples(pictures),
    ...(missing.length === 0
      ? []
      : [`<p class="note">Pictures that cannot be read: ${escapeHtml(missing.join(", "))}</p>`]),
    "</section>",
  ].join("\n");
}

function facts({ plan, steps, seconds, waitedSeconds, flops, checkpoints, resumedAt }: PhaseHistory): string[] {
  const done = steps.at(-1)?.step ?? 0;
  const saved = checkpoints.at(-1);
  const rate = (unit: number) => unit / Math.max(seconds, 1e-9);
  return [
    plan === undefined ? `${formatCount(done)} steps` : `${formatCount(done)} of ${formatCount(plan.steps)} steps`,
    ...(plan === undefined ? [] : [`${formatCount(plan.batch)} ${plan.batch === 1 ? "picture" : "pictures"} a step`]),
    ...(plan?.samples === undefined ? [] : [`${formatCount(plan.samples)} samples`]),
    ...(seconds === 0 ? [] : [formatDuration(seconds)]),
    ...(plan?.forecastSeconds === undefined ? [] : [`forecast ${formatDuration(plan.forecastSeconds)}`]),
    ...(flops === 0 ? [] : [`${formatFlops(flops)}, ${formatFlops(rate(flops))}/s`]),
    ...(waitedSeconds === 0 ? [] : [`waited for data ${formatNumber(100 * rate(waitedSeconds))} % of the time`]),
    ...(saved === undefined ? [] : [`last checkpoint at step ${formatCount(saved.step)}`]),
    ...(resumedAt.length === 0 ? [] : [`resumed after step ${resumedAt.map(formatCount).join(", ")}`]),
  ];
}

function charts({ steps, resumedAt }: PhaseHistory): string {
  const marks = resumedAt;
  const chart = (
    title: string,
    value: (line: StepLine) => number | null | undefined,
    options: Partial<ChartOptions> = {},
  ) => {
    const points = steps.map((line) => ({ x: line.step, y: value(line) ?? NaN }));
    return lineChart({ title, points, marks, ...options });
  };
  const names = [...new Set(steps.flatMap(({ metrics }) => Object.keys(metrics)))].slice(0, mostMetrics);
  return [
    chart("Loss", ({ loss }) => loss, { large: true, smooth: true, lowest: true, format: formatNumber }),
    '<div class="charts">',
    ...names.map((name) => chart(name, ({ metrics }) => metrics[name], { smooth: true, format: formatNumber })),
    chart("Gradient norm", ({ norm }) => norm, { smooth: true, format: formatNumber }),
    chart("Learning rate", ({ learningRate }) => learningRate, { scale: "zero", format: formatNumber }),
    chart("Pictures a second", ({ picturesPerSecond }) => picturesPerSecond, { scale: "zero", smooth: true }),
    chart("Memory", ({ memory }) => memory, { scale: "zero", base: 2, format: formatBytes }),
    "</div>",
  ].join("\n");
}

function samples(pictures: readonly SamplePicture[]): string {
  const last = pictures.at(-1);
  if (last === undefined) return "";
  const { sample: { prompts = [] } } = last;
  const parts = [
    "<h3>Samples</h3>",
    `<figure class="sample">${image(last)}<figcaption>${escapeHtml(caption(last.sample))}</figcaption></figure>`,
  ];
  if (prompts.length > 0) {
    const items = prompts.map((prompt) => `<li><bdi>${escapeHtml(prompt)}</bdi></li>`).join("");
    parts.push(`<ol class="prompts">${items}</ol>`);
  }
  if (pictures.length > 1) {
    const earlier = pictures.slice(0, -1).map((picture) =>
      `<figure>${image(picture)}<figcaption>${escapeHtml(caption(picture.sample))}</figcaption></figure>`
    );
    parts.push(`<div class="strip">${earlier.join("\n")}</div>`);
  }
  return parts.join("\n");
}

function image({ sample, source, width, height }: SamplePicture): string {
  const text = `Samples of ${phaseTitles[sample.phase]} after step ${formatCount(sample.step)}`;
  return `<img src="${source}" width="${width}" height="${height}" alt="${escapeHtml(text)}">`;
}

function caption({ step, psnr }: SampleLine): string {
  const quality = psnr === undefined ? "" : ` · ${psnr === null ? "no difference" : `${psnr.toFixed(2)} dB PSNR`}`;
  return `step ${formatCount(step)}${quality}`;
}
