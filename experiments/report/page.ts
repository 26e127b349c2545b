/**
 * The page of an experiment's report.
 * @module
 */
import type { EmbeddedPicture } from "../../report/embedded_picture.ts";
import { escapeHtml } from "../../report/escape_html.ts";
import { htmlPage } from "../../report/html_page.ts";
import { formatBytes, formatCount, formatDuration, formatFlops } from "../../report/quantities.ts";
import { cellCommand } from "../cell_command.ts";
import type { RunEnvironment, StoredRun } from "../run_folder.ts";
import type { StoredCell } from "../stored_plan.ts";
import { columnsOf, flopsOf, runPoints } from "../summary.ts";
import { cellTable } from "./cell_table.ts";
import { charts } from "./charts.ts";
import { copyScript, copyStatus } from "./copy_button.ts";
import { layoutOf } from "./layout.ts";
import { pictureGrids } from "./picture_grids.ts";
import { stageTable } from "./stage_table.ts";
import { experimentStyle } from "./style.ts";
import { tiles } from "./tiles.ts";

/** A whole HTML page of a run, finished or not, that needs nothing else; its one script copies commands. */
export function experimentPage(run: StoredRun, pictures: ReadonlyMap<string, EmbeddedPicture>): string {
  const { plan, results, environments, config } = run;
  const columns = columnsOf(run);
  const points = runPoints(run);
  const layout = layoutOf(plan);
  const commandOf = (cell: StoredCell) => cellCommand(cell, plan);
  const { failures } = results;
  const body = [
    header(run),
    charts({ points, columns, layout, cells: plan.cells }),
    pictureGrids({ cells: plan.cells, layout, pictures, failures, columns, commandOf }),
    stageTable(points, results),
    cellTable({ cells: plan.cells, columns, results, commandOf }),
    warnings(run),
    environmentTable(environments),
    `<section><h2>Configuration</h2><details><summary>every setting of the experiment, defaults included</summary><pre>${
      escapeHtml(JSON.stringify(config, null, 2))
    }</pre></details></section>`,
    copyStatus,
  ];
  return htmlPage({
    title: `Experiment: ${plan.name}`,
    body: body.join("\n"),
    style: experimentStyle,
    script: copyScript,
  });
}

function header({ plan, results }: StoredRun): string {
  const { cells, name, description } = plan;
  const wanted = new Set(cells.map(({ id }) => id));
  const painted = [...wanted].flatMap((id) => results.pictures.get(id) ?? []);
  const failed = [...wanted].filter((id) => !results.pictures.has(id) && results.failures.has(id)).length;
  const seconds = painted.reduce((sum, { seconds }) => sum + seconds, 0);
  const flops = painted.reduce((sum, picture) => sum + flopsOf(picture), 0);
  const models = [...new Set(cells.map(({ settings }) => String(settings["model"])))];
  const numbers: [string, string, string][] = [
    [
      "Pictures",
      `${formatCount(painted.length)} of ${formatCount(wanted.size)}`,
      failed > 0
        ? `${formatCount(failed)} failed`
        : painted.length === wanted.size
        ? "all painted"
        : "the rest is to come",
    ],
    ["Time", formatDuration(seconds), "of painting, on the machine below"],
    ["Compute", formatFlops(flops), "floating-point operations"],
    ["Memory", formatBytes(Math.max(0, ...painted.map(({ memory }) => memory))), "most of the process"],
    ["Model", models.join(", "), `${formatCount(cells.length)} cells`],
  ];
  return [
    "<header>",
    '<p class="over">Experiment</p>',
    `<h1><bdi>${escapeHtml(name)}</bdi></h1>`,
    description === undefined ? "" : `<p class="description">${escapeHtml(description)}</p>`,
    tiles(numbers),
    "</header>",
  ].join("\n");
}

function warnings({ plan, results }: StoredRun): string {
  const ids = new Set(plan.cells.map(({ id }) => id));
  const texts = [...results.pictures.values()].filter(({ id }) => ids.has(id)).flatMap(({ warnings }) => warnings);
  const failures = [...results.failures].filter(([id]) => ids.has(id) && !results.pictures.has(id)).map(([, text]) =>
    text
  );
  const counts = new Map<string, number>();
  for (const text of [...failures, ...texts]) counts.set(text, (counts.get(text) ?? 0) + 1);
  const unread = results.unread > 0 ? [`${formatCount(results.unread)} lines of the results could not be read`] : [];
  const items = [...counts].map(([text, count]) => `${text}${count > 1 ? ` (${formatCount(count)} times)` : ""}`);
  if (items.length + unread.length === 0) return "";
  const list = [...items, ...unread].map((text) => `<li>${escapeHtml(text)}</li>`).join("");
  return `<section><h2>Warnings and failures</h2><ul>${list}</ul></section>`;
}

function environmentTable(environments: readonly RunEnvironment[]): string {
  const rows = environments.map(({ version, deno, onnxruntime, cpu, cores, memory, platform }) =>
    `<tr>${
      [version, deno, onnxruntime, `${cpu}, ${cores} cores`, formatBytes(memory), platform]
        .map((text) => `<td>${escapeHtml(text)}</td>`).join("")
    }</tr>`
  );
  const heads = ["wuerstchen", "Deno", "ONNX Runtime", "Processor", "Memory", "Platform"];
  const note = environments.length > 1
    ? '<p class="note">Painted on several machines or versions: times differ.</p>'
    : "";
  return `<section><h2>Environment</h2><div class="scroll"><table class="cells"><thead><tr>${
    heads.map((head) => `<th scope="col">${head}</th>`).join("")
  }</tr></thead><tbody>${rows.join("")}</tbody></table></div>${note}</section>`;
}
