/**
 * The page of a report.
 * @module
 */
import type { PhaseName } from "../config.ts";
import { escapeHtml } from "../../report/escape_html.ts";
import type { StartLine } from "./log_line.ts";
import { phaseSection, phaseTitles } from "./phase_section.ts";
import { htmlPage } from "../../report/html_page.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatFlops,
  formatNumber,
  formatTime,
} from "../../report/quantities.ts";
import type { RunHistory } from "./run_history.ts";
import type { SamplePictures } from "./sample_pictures.ts";

/** What a page is made of. */
export interface ReportContents {
  /** Of the run, for the title. */
  readonly name: string;
  readonly history: RunHistory;
  readonly pictures: ReadonlyMap<PhaseName, SamplePictures>;
  /** Resolved configuration; `undefined` where it is not known. */
  readonly config: unknown;
  /** ISO time of the last line of the log. */
  readonly written: string;
  /** Lines of the log that could not be read. */
  readonly unread: number;
}

/** Most passed-over samples that are listed. */
const mostUnreadable = 200;

/** A whole HTML page that needs nothing else: no script, no network, styles and pictures inline. */
export function reportPage(contents: ReportContents): string {
  const { name, history, pictures, unread } = contents;
  const lines = `${formatCount(unread)} ${unread === 1 ? "line" : "lines"} of the log could not be read.`;
  const body = [
    header(contents),
    ...history.phases.map((phase) => phaseSection(phase, pictures.get(phase.phase) ?? { pictures: [], missing: [] })),
    unreadable(history),
    environment(history.last),
    configuration(contents.config),
    unread === 0 ? "" : `<p class="note">${lines}</p>`,
  ];
  return htmlPage({ title: `Training report: ${name}`, body: body.join("\n") });
}

function header({ name, history, written }: ReportContents): string {
  const { first, last, phases, processes } = history;
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const flops = phases.reduce((sum, phase) => sum + phase.flops, 0);
  const parameters = Object.values(last?.parameters ?? {}).reduce((sum, count) => sum + count, 0);
  const tiles: [string, string, string][] = [
    ["Status", ...status(history, written)],
    ...(first === undefined ? [] : [[
      "Started",
      formatTime(first.time),
      processes === 1 ? "in one go" : `by ${processes} processes one after the other`,
    ] as [string, string, string]]),
    ["Time", formatDuration(seconds), `${(seconds / 3600).toFixed(2)} hours, samples and checkpoints included`],
    ["Compute", formatFlops(flops), `${formatNumber(flops)} floating-point operations`],
    ...(last === undefined ? [] : [
      ["Parameters", formatCount(parameters), `in ${Object.keys(last.parameters).length} networks`],
      ["Data", formatCount(last.samples), "samples"],
    ] as [string, string, string][]),
  ];
  return [
    "<header>",
    `<p class="over">Training report</p>`,
    `<h1><bdi>${escapeHtml(name)}</bdi></h1>`,
    '<dl class="tiles">',
    ...tiles.map(([term, value, note]) =>
      `<div><dt>${term}</dt><dd>${escapeHtml(value)}</dd><dd class="note">${escapeHtml(note)}</dd></div>`
    ),
    "</dl>",
    phases.length === 0 ? '<p class="note">No phase has begun yet.</p>' : summary(history),
    "</header>",
  ].join("\n");
}

function status({ phases, end, stop }: RunHistory, written: string): [string, string] {
  if (end !== undefined) return ["finished", formatTime(end.time)];
  const running = phases.at(-1);
  const at = running === undefined
    ? ""
    : `${phaseTitles[running.phase]}, step ${formatCount(running.steps.at(-1)?.step ?? 0)}`;
  if (stop !== undefined) return [`stopped: ${stop.reason}`, at];
  return ["not finished", `${at === "" ? "" : `${at}; `}last line ${formatTime(written)}`];
}

function summary({ phases }: RunHistory): string {
  const rows = phases.map(({ phase, plan, steps, seconds, flops }) => {
    const last = steps.at(-1);
    const cells = [
      plan === undefined
        ? formatCount(last?.step ?? 0)
        : `${formatCount(last?.step ?? 0)} / ${formatCount(plan.steps)}`,
      plan === undefined ? "" : formatCount(plan.batch),
      last === undefined ? "" : formatNumber(last.loss ?? NaN),
      last === undefined ? "" : formatNumber(last.picturesPerSecond),
      formatDuration(seconds),
      formatFlops(flops),
    ];
    const data = cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("");
    return `<tr><th scope="row"><a href="#${phase}">${phaseTitles[phase]}</a></th>${data}</tr>`;
  });
  const heads = ["Phase", "Steps", "Batch", "Last loss", "Pictures/s", "Time", "Compute"];
  return `<div class="scroll"><table><thead><tr>${
    heads.map((head) => `<th scope="col">${head}</th>`).join("")
  }</tr></thead>` +
    `<tbody>${rows.join("\n")}</tbody></table></div>`;
}

function unreadable({ unreadable }: RunHistory): string {
  if (unreadable.length === 0) return "";
  const rows = unreadable.slice(0, mostUnreadable).map(({ id, reason }) =>
    `<tr><td><bdi>${escapeHtml(id)}</bdi></td><td>${escapeHtml(reason)}</td></tr>`
  );
  const more = unreadable.length > mostUnreadable ? `, of which the first ${mostUnreadable} are listed` : "";
  return `<section><h2>Samples passed over</h2><p>${formatCount(unreadable.length)} could not be read${more}.</p>` +
    `<div class="scroll"><table class="text"><thead><tr><th scope="col">Sample</th><th scope="col">Reason</th></tr></thead>` +
    `<tbody>${rows.join("\n")}</tbody></table></div></section>`;
}

function environment(start: StartLine | undefined): string {
  if (start === undefined) return "";
  const { version, environment: { deno, onnxruntime, cpu, cores, memory, platform }, parameters } = start;
  const rows: [string, string][] = [
    ["wuerstchen", version],
    ["Deno", deno],
    ["ONNX Runtime", onnxruntime],
    ["Processor", `${cpu === undefined ? "" : `${cpu}, `}${cores} cores`],
    ["Memory", formatBytes(memory)],
    ["Platform", platform],
    ...Object.entries(parameters).map(([network, count]) =>
      [`Parameters of ${network}`, formatCount(count)] as [string, string]
    ),
  ];
  const body = rows.map(([term, value]) =>
    `<tr><th scope="row">${escapeHtml(term)}</th><td>${escapeHtml(value)}</td></tr>`
  );
  return `<section><h2>Environment</h2><div class="scroll"><table class="text"><tbody>${
    body.join("\n")
  }</tbody></table></div></section>`;
}

function configuration(config: unknown): string {
  if (config === undefined) return "";
  const text = typeof config === "string" ? config : JSON.stringify(config, null, 2);
  return `<section><h2>Configuration</h2><details><summary>every value, defaults included</summary>` +
    `<pre>${escapeHtml(text)}</pre></details></section>`;
}
