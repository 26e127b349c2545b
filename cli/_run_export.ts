/**
 * What `wuerstchen export` does.
 * @module
 */
import { join } from "node:path";
import { exportModel } from "../pipeline/export_model.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import type { ExportFlags } from "./export.ts";
import { watchInterruption } from "./_interruption.ts";
import { PercentProgress } from "./_percent_progress.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Exports, drawing how far it is, and prints a line for each network.
 *
 * @throws {CheckpointError | ConfigError | ResourceError} see {@linkcode exportModel}
 * @throws {InterruptedError} between two tensors, where the user stopped it
 */
export async function runExport(model: string, flags: ExportFlags): Promise<void> {
  const { output, lora, json, quiet, ...options } = flags;
  using interruption = watchInterruption();
  using progress = new PercentProgress("export", { isHidden: quiet });
  const networks = await exportModel(model, output, {
    ...options,
    loras: lora,
    onProgress: (event) => progress.update(event),
    signal: interruption.signal,
  });
  progress.done();
  if (json) {
    writeOut(`${JSON.stringify({ model, output, networks }, null, 2)}\n`);
    return;
  }
  for (const { file, bytes } of networks) {
    const path = join(output, file);
    writeOut(quiet ? `${path}\n` : `${path}: ${formatBytes(bytes)} of weights\n`);
  }
}
