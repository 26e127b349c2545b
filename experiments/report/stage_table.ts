/**
 * Where time and operations go, stage by stage.
 * @module
 */
import { escapeHtml } from "../../report/escape_html.ts";
import { formatDuration, formatFlops } from "../../report/quantities.ts";
import { assignmentLabel } from "../labels.ts";
import type { Point } from "../points.ts";
import type { PictureResult, Results } from "../results.ts";
import { estimate } from "../statistics.ts";
import type { StoredCell } from "../stored_plan.ts";

/** What stages are called. */
const titles: Readonly<Record<string, string>> = {
  "prior text": "Text for C",
  prior: "Stage C",
  "decoder text": "Text for B",
  decoder: "Stage B",
  pixels: "Stage A",
};

/** A section with a row for each point: mean seconds and operations of each stage, and a bar of the seconds. */
export function stageTable(points: readonly Point<StoredCell>[], { pictures }: Pick<Results, "pictures">): string {
  const rows = points.flatMap(({ swept, cells }) => {
    const found = cells.map(({ id }) => pictures.get(id)).filter((picture) => picture !== undefined);
    return found.length === 0 ? [] : [row(assignmentLabel(swept) || "all", found)];
  });
  if (rows.length === 0) return "";
  const heads = Object.values(titles).map((title, i) => `<th scope="col" class="s${i}">${title}</th>`);
  return '<section id="stages"><h2>Stages <small>seconds and floating-point operations a picture; loading apart</small></h2>' +
    `<div class="scroll"><table class="stages"><thead><tr><th></th>${heads.join("")}<th scope="col">Loading</th>` +
    `<th scope="col">Share of time</th></tr></thead><tbody>${rows.join("\n")}</tbody></table></div></section>`;
}

function row(label: string, pictures: readonly PictureResult[]): string {
  const mean = (of: (picture: PictureResult) => number) => estimate(pictures.map(of))!.mean;
  const stages = Object.keys(titles).map((stage) => {
    const times = (picture: PictureResult) => picture.stages[stage as keyof PictureResult["stages"]];
    return { run: mean((picture) => times(picture)?.run ?? 0), flops: mean((picture) => times(picture)?.flops ?? 0) };
  });
  const load = mean(({ stages }) => Object.values(stages).reduce((sum, { load }) => sum + load, 0));
  const all = stages.reduce((sum, { run }) => sum + run, 0) || 1;
  let at = 0;
  const bars = stages.map(({ run }, i) => {
    const width = 100 * run / all;
    const bar = `<rect class="s${i}" x="${at.toFixed(2)}" width="${width.toFixed(2)}" height="10"/>`;
    at += width;
    return bar;
  });
  const cells = stages.map(({ run, flops }) =>
    `<td>${formatDuration(run)}<br><small>${formatFlops(flops)}</small></td>`
  );
  return `<tr><th scope="row"><bdi>${escapeHtml(label)}</bdi></th>${cells.join("")}<td>${formatDuration(load)}</td>` +
    `<td><svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${
      bars.join("")
    }</svg></td></tr>`;
}
