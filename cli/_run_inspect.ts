/**
 * What `wuerstchen inspect` does. No weights are read: sizes come from the configurations alone.
 * @module
 */
import { join } from "node:path";
import type { z } from "zod";
import { CheckpointError } from "../errors.ts";
import { clipTextConfig } from "../networks/clip_text.ts";
import { compressorConfig } from "../networks/compressor.ts";
import { parseConfig } from "../networks/config.ts";
import { diffNeXtConfig } from "../networks/diffnext.ts";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { priorConfig } from "../networks/prior.ts";
import { formatShape, GraphError } from "../onnx/mod.ts";
import { findModel } from "../pipeline/model.ts";
import { modelDefaults } from "../pipeline/options.ts";
import { planSizes, type SizePlan, type SizeRules } from "../pipeline/plan.ts";
import { inspectModel, type NetworkTree, type ScopeTree } from "../stages/inspect.ts";
import { type ModelConfigs, wuerstchenV2 } from "../stages/published_configs.ts";
import { readJson } from "../weights/read_json.ts";
import { writeOut } from "./_stdout.ts";
import type { InspectFlags } from "./inspect.ts";

/** A model's configurations with what its pipelines say about sizes. */
interface InspectedModel {
  readonly name: string;
  readonly configs: ModelConfigs;
  readonly rules: SizeRules;
  readonly size: { readonly width: number; readonly height: number };
}

/** Name of the published model that is known without files. */
const publishedName = "wuerstchen-v2";

/**
 * Prints the networks of a model.
 *
 * @throws {CheckpointError} where the model is missing or its configuration contradicts itself
 * @throws {ConfigError} where the size is none that the model can paint
 */
export async function runInspect(name: string, flags: InspectFlags): Promise<void> {
  const model = await readModel(name, flags);
  const size = { width: flags.width ?? model.size.width, height: flags.height ?? model.size.height };
  const plan = planSizes(size, model.rules);
  const networks = inspect(model, plan);
  const parameters = networks.reduce((sum, network) => sum + network.parameters, 0);
  if (flags.json) writeOut(`${JSON.stringify({ model: name, plan, parameters, networks }, null, 2)}\n`);
  else writeOut(formatNetworks(networks, { name, plan, depth: flags.depth }));
}

function inspect({ name, configs }: InspectedModel, plan: SizePlan): NetworkTree[] {
  try {
    return inspectModel(configs, plan);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new CheckpointError(`${name}: its configuration contradicts itself: ${error.message}`, { cause: error });
  }
}

async function readModel(name: string, { prior, decoder }: InspectFlags): Promise<InspectedModel> {
  if (name === publishedName && prior === undefined && decoder === undefined) {
    const scales = { resolutionMultiple: 42.67, latentDimScale: 10.67 };
    const rules = { ...scales, ...latentRules(wuerstchenV2), minSide: 64, maxSide: 4096 };
    return { name, configs: wuerstchenV2, rules, size: modelDefaults({}) };
  }
  const folders = await findModel(name, {
    ...(prior === undefined ? {} : { prior }),
    ...(decoder === undefined ? {} : { decoder }),
  });
  const [priorText, priorSizes, decoderText, decoderSizes, vqgan] = await Promise.all([
    readConfig(clipTextConfig, folders.prior.textEncoder),
    readConfig(priorConfig, folders.prior.prior),
    readConfig(clipTextConfig, folders.decoder.textEncoder),
    readConfig(diffNeXtConfig, folders.decoder.decoder),
    readConfig(paellaVqConfig, folders.decoder.vqgan),
  ]);
  const compressor = folders.compressor === undefined
    ? {}
    : { compressor: await readConfig(compressorConfig, folders.compressor) };
  const configs = { priorText, prior: priorSizes, decoderText, decoder: decoderSizes, vqgan, ...compressor };
  const rules = {
    resolutionMultiple: folders.prior.resolutionMultiple,
    latentDimScale: folders.decoder.latentDimScale,
    ...latentRules(configs),
    minSide: folders.defaults.min_side ?? 64,
    maxSide: folders.defaults.max_side ?? 4096,
  };
  return { name, configs, rules, size: modelDefaults(folders.defaults) };
}

function latentRules({ decoder, vqgan }: ModelConfigs): Pick<SizeRules, "decoderMultiple" | "pixelsPerLatent"> {
  return {
    decoderMultiple: decoder.patch_size * 2 ** (decoder.c_hidden.length - 1),
    pixelsPerLatent: vqgan.up_down_scale_factor * 2 ** (vqgan.levels - 1),
  };
}

async function readConfig<Schema extends z.ZodType>(schema: Schema, folder: string): Promise<z.output<Schema>> {
  const file = join(folder, "config.json");
  return parseConfig(schema, await readJson(file), { file });
}

/** One line of the table: the tree on the left, numbers on the right. */
type Row = readonly [part: string, shape: string, parameters: string, flops: string];

/** Networks as trees for people, `depth` levels deep. */
export function formatNetworks(
  networks: readonly NetworkTree[],
  { name, plan, depth }: { name: string; plan: SizePlan; depth: number },
): string {
  const { image, prior, decoder } = plan;
  const rows: Row[] = [["network", "output", "parameters", "operations"]];
  for (const network of networks) {
    rows.push(["", "", "", ""], rowOf(network, `${network.name}  ${network.className}`));
    rows.push(...rowsBelow(network, { depth, indent: "" }));
  }
  const all = networks.reduce((sum, { parameters }) => sum + parameters, 0);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([part, shape, parameters, flops]) =>
    `${part.padEnd(widths[0]!)}  ${shape.padEnd(widths[1]!)}  ${parameters.padStart(widths[2]!)}  ${
      flops.padStart(widths[3]!)
    }`
      .trimEnd()
  );
  const title = `${name}: ${all.toLocaleString("en")} parameters; a picture of ${image.width}×${image.height} px has ` +
    `Stage C latents of ${prior.width}×${prior.height} and Stage B latents of ${decoder.width}×${decoder.height}`;
  return `${title}\n\n${lines.join("\n")}\n`;
}

function rowOf({ shape, parameters, flops }: ScopeTree, part: string): Row {
  return [part, shape ? formatShape(shape) : "", parameters.toLocaleString("en"), formatFlops(flops)];
}

function rowsBelow(tree: ScopeTree, { depth, indent }: { depth: number; indent: string }): Row[] {
  if (depth === 0) return [];
  return tree.children.flatMap((child, i) => {
    const isLast = i === tree.children.length - 1;
    const row = rowOf(child, `${indent}${isLast ? "└─ " : "├─ "}${child.name}`);
    return [row, ...rowsBelow(child, { depth: depth - 1, indent: `${indent}${isLast ? "   " : "│  "}` })];
  });
}

/** Operations with three digits: `2.17 TFLOP`, `950 MFLOP`. */
export function formatFlops(flops: number): string {
  for (const [unit, size] of [["TFLOP", 1e12], ["GFLOP", 1e9], ["MFLOP", 1e6], ["kFLOP", 1e3]] as const) {
    if (flops >= size) return `${Number((flops / size).toPrecision(3))} ${unit}`;
  }
  return `${flops} FLOP`;
}
