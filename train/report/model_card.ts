/**
 * The model card of a model that was trained here: what it is, how it is used, and how its training went.
 * @module
 */
import { formatCount, formatDuration, formatFlops, formatNumber } from "../../report/quantities.ts";
import { phaseTitles } from "./phase_section.ts";
import type { RunHistory } from "./run_history.ts";

/** What a card is written from. */
export interface ModelCardFacts {
  /** `org/name`. */
  readonly id: string;
  /** Name of the licence, such as `mit`; the hub lists what its users may do. */
  readonly license?: string | undefined;
  /** The training, where its log is there. */
  readonly history?: RunHistory | undefined;
  /** File of the training's report in the repository. */
  readonly report?: string | undefined;
}

/** Writes a card in the hub's format: front matter for programs, Markdown for people. */
export function modelCard({ id, license, history, report }: ModelCardFacts): string {
  const name = id.split("/").at(-1)!;
  const front = [
    "---",
    "library_name: wuerstchen",
    "pipeline_tag: text-to-image",
    ...(license === undefined ? [] : [`license: ${license}`]),
    "tags:",
    "- wuerstchen",
    "- text-to-image",
    "---",
  ];
  const use = [
    `# ${name}`,
    "",
    "A Würstchen v2 model: text to image in a 42× compressed latent.",
    "",
    "```sh",
    `wuerstchen generate "a red apple" --model ${id}`,
    "```",
  ];
  return [...front, "", ...use, ...trainingSection(history, report), ""].join("\n");
}

function trainingSection(history: RunHistory | undefined, report: string | undefined): string[] {
  if (!history || history.phases.length === 0) return [];
  const rows = history.phases.map(({ phase, plan, steps, seconds, flops }) => {
    const last = steps.at(-1);
    const cells = [
      phaseTitles[phase],
      formatCount(last?.step ?? 0),
      plan ? formatCount(plan.batch) : "",
      plan?.samples === undefined ? "" : formatCount(plan.samples),
      last?.loss == null ? "" : formatNumber(last.loss),
      formatDuration(seconds),
      formatFlops(flops),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "",
    "## Training",
    "",
    "| phase | steps | batch | pictures | last loss | time | operations |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...rows,
    ...(report === undefined ? [] : ["", `Curves, samples and every setting: [${report}](${report}).`]),
  ];
}
