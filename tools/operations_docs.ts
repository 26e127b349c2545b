/**
 * Counts the operations of a picture by Würstchen and by single-stage latent diffusion of the same size, and writes the tables of
 * docs/operations.md.
 *
 * Run with `deno task operations-docs`.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DiffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { wuerstchenPrior } from "../networks/prior.ts";
import { input } from "../onnx/mod.ts";
import { planSizes } from "../pipeline/plan.ts";
import { latentRules, usualSides } from "../pipeline/size_rules.ts";
import { formatCount, formatFlops } from "../report/quantities.ts";
import { inspectModel, inspectNetwork, type NetworkTree } from "../stages/inspect.ts";
import { wuerstchenV2 } from "../stages/published_configs.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "operations.md");

/** What the tables stand between. */
export const marks = ["<!-- tables: deno task operations-docs -->", "<!-- end of tables -->"] as const;

/** Steps of diffusers' combined pipeline; Stage C and the single stages are guided, Stage B is not. */
const steps = { first: 60, decoder: 12 };
const guided = 2;

/** Sides of square pictures in pixels. */
const sides = [512, 1024];

/** A part of a picture's way. */
export interface OperationsRow {
  readonly name: string;
  readonly parameters: number;
  /** How often the network is evaluated. */
  readonly evaluations: number;
  /** Floating-point operations of one evaluation. */
  readonly flops: number;
}

/** A single-stage model, and what Würstchen saves against it. */
export interface SingleStage {
  readonly name: string;
  readonly rows: readonly OperationsRow[];
  readonly total: number;
  /** Share of its operations that Würstchen does without; below 0 where Würstchen takes more. */
  readonly saved: number;
}

/** What a picture of a size takes. */
export interface Operations {
  readonly side: number;
  readonly wuerstchen: readonly OperationsRow[];
  readonly total: number;
  readonly singles: readonly SingleStage[];
}

const totalOf = (rows: readonly OperationsRow[]) =>
  rows.reduce((sum, { evaluations, flops }) => sum + evaluations * flops, 0);

/** Counts a square picture at the published sizes of Würstchen v2. */
export function countOperations(side: number): Operations {
  const scales = { resolutionMultiple: 42.67, latentDimScale: 10.67 };
  const rules = { ...scales, ...latentRules(wuerstchenV2), minSide: usualSides.min, maxSide: usualSides.max };
  const plan = planSizes({ width: side, height: side }, rules);
  const trees = inspectModel(wuerstchenV2, plan);
  const row = (name: string, title: string, evaluations: number): OperationsRow => {
    const { parameters, flops } = trees.find((tree) => tree.name === name)!;
    return { name: title, parameters, evaluations, flops };
  };
  const text = row("decoder_text_encoder", "text encoder (ViT-H)", guided);
  const decode = row("vqgan decode", "Stage A", 1);
  const wuerstchen = [
    row("prior_text_encoder", "text encoder of Stage C (ViT-bigG)", guided),
    row("prior", "Stage C", guided * steps.first),
    row("decoder_text_encoder", "text encoder of Stage B (ViT-H)", 1),
    row("decoder", "Stage B", steps.decoder),
    decode,
  ];
  const total = totalOf(wuerstchen);
  const single = (name: string, rows: readonly OperationsRow[]): SingleStage => {
    const all = [text, ...rows];
    const sum = totalOf(all);
    return { name, rows: all, total: sum, saved: 1 - total / sum };
  };
  const network = (name: string, { parameters, flops }: NetworkTree) => ({
    name,
    parameters,
    evaluations: guided * steps.first,
    flops,
  });
  const cells = (pixels: number) => `${side / pixels} × ${side / pixels} × 4`;
  return {
    side,
    wuerstchen,
    total,
    singles: [
      single(`Stage C's network on f8, ${cells(8)}`, [network("Stage C's network", stageC(side / 8))]),
      single(`U-Net on f4, ${cells(4)}`, [network("U-Net", unet(side / 4)), decode]),
      single(`U-Net on f8, ${cells(8)}`, [network("U-Net", unet(side / 8))]),
    ],
  };
}

/** Stage C's network on the latents of another autoencoder. */
function stageC(cells: number): NetworkTree {
  const config = { ...wuerstchenV2.prior, c_in: 4 };
  return inspectNetwork({ name: "Stage C's network", className: "WuerstchenPrior" }, () => {
    const x = input("x", "float32", [1, config.c_in, cells, cells]);
    const c = input("c", "float32", [1, wuerstchenV2.tokens.prior, config.c_cond]);
    return { noise: wuerstchenPrior(config, { x, r: input("r", "float32", [1]), c }) };
  });
}

/** Stage B's U-Net without the image embedding: a text-to-image model of the same billion parameters. */
function unet(cells: number): NetworkTree {
  const { inject_effnet, ...rest } = wuerstchenV2.decoder;
  const config: DiffNeXtConfig = { ...rest, inject_effnet: inject_effnet.map(() => false) };
  return inspectNetwork({ name: "U-Net", className: "WuerstchenDiffNeXt" }, () => {
    const x = input("x", "float32", [1, config.c_in, cells, cells]);
    const effnet = input("effnet", "float32", [1, config.effnet_embd, 1, 1]);
    const clip = input("clip", "float32", [1, wuerstchenV2.tokens.decoder, config.clip_embd]);
    return { noise: wuerstchenDiffNeXt(config, { x, r: input("r", "float32", [1]), effnet, clip }) };
  });
}

function partsTable(rows: readonly OperationsRow[]): string {
  return markdownTable(["", "parameters", "evaluations", "operations of one", "all"], [
    ...rows.map(({ name, parameters, evaluations, flops }) => [
      name,
      `${formatCount(parameters / 1e6)} M`,
      String(evaluations),
      formatFlops(flops),
      formatFlops(evaluations * flops),
    ]),
    ["**sum**", "", "", "", `**${formatFlops(totalOf(rows))}**`],
  ]);
}

/** `38.7 % fewer`, or `181 % more`. */
function comparison({ saved }: SingleStage): string {
  return saved >= 0 ? `${(100 * saved).toFixed(1)} % fewer` : `${(-100 * saved).toFixed(0)} % more`;
}

function savingsTable(all: readonly Operations[]): string {
  return markdownTable(
    [
      "single stage",
      ...all.map(({ side }) => `${side} × ${side} px`),
      ...all.map(({ side }) => `Würstchen at ${side} px`),
    ],
    [
      ["(Würstchen)", ...all.map(({ total }) => formatFlops(total)), ...all.map(() => "")],
      ...all[0]!.singles.map(({ name }, i) => [
        name.split(",")[0]!,
        ...all.map(({ singles }) => formatFlops(singles[i]!.total)),
        ...all.map(({ singles }) => comparison(singles[i]!)),
      ]),
    ],
  );
}

/** The tables, with what they say in a sentence. */
export function operationsTables(): string {
  const all = sides.map(countOperations);
  const { wuerstchen, singles, side } = all.find(({ side }) => side === 1024)!;
  const words = singles.map((single) => `${comparison(single)} operations than ${single.name.split(",")[0]}`);
  return [
    `**At ${side} × ${side} px Würstchen takes ${words.join("; ")}.**`,
    savingsTable(all),
    `### Würstchen, ${side} × ${side} px`,
    partsTable(wuerstchen),
    ...singles.flatMap(({ name, rows }) => [`### Single stage: ${name}`, partsTable(rows)]),
  ].join("\n\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), operationsTables(), marks));
}
