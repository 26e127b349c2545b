/**
 * What `wuerstchen inspect` does. No weights are read: sizes come from the configurations alone.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { formatShape, GraphError } from "../onnx/mod.ts";
import { planSizes, type SizePlan } from "../pipeline/plan.ts";
import { inspectModel, type NetworkTree, type ScopeTree } from "../stages/inspect.ts";
import { type DescribedModel, readModelConfigs } from "./_model_configs.ts";
import { writeOut } from "./_stdout.ts";
import type { InspectFlags } from "./inspect.ts";

/**
 * Prints the networks of a model.
 *
 * @throws {CheckpointError} where the model is missing or its configuration contradicts itself
 * @throws {ConfigError} where the size is none that the model can paint
 */
export async function runInspect(name: string, flags: InspectFlags): Promise<void> {
  const model = await readModelConfigs(name, flags);
  const size = { width: flags.width ?? model.defaults.width, height: flags.height ?? model.defaults.height };
  const plan = planSizes(size, model.rules);
  const networks = inspect(model, plan);
  const parameters = networks.reduce((sum, network) => sum + network.parameters, 0);
  if (flags.json) writeOut(`${JSON.stringify({ model: name, plan, parameters, networks }, null, 2)}\n`);
  else writeOut(formatNetworks(networks, { name, plan, depth: flags.depth }));
}

function inspect({ name, configs }: DescribedModel, plan: SizePlan): NetworkTree[] {
  try {
    return inspectModel(configs, plan);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new CheckpointError(`${name}: its configuration contradicts itself: ${error.message}`, { cause: error });
  }
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
