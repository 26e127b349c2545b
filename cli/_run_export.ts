/**
 * What `wuerstchen export` does.
 * @module
 */
import { join } from "node:path";
import { exportModel } from "../pipeline/export_model.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import type { ExportFlags } from "./export.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Exports, and prints a line for each network.
 *
 * @throws {CheckpointError | ConfigError | ResourceError} see {@linkcode exportModel}
 */
export async function runExport(model: string, { output, lora, json, ...options }: ExportFlags): Promise<void> {
  const networks = await exportModel(model, output, { ...options, loras: lora });
  if (json) writeOut(`${JSON.stringify({ model, output, networks }, null, 2)}\n`);
  else for (const { file, bytes } of networks) writeOut(`${join(output, file)}: ${formatBytes(bytes)} of weights\n`);
}
