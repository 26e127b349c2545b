/**
 * What `wuerstchen quantize` does.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { quantizeModel } from "../pipeline/quantize_model.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { PercentProgress } from "./_percent_progress.ts";
import type { QuantizeFlags } from "./quantize.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";

/**
 * Writes the folder, and prints a line for each network.
 *
 * @throws {ConfigError | CheckpointError | ResourceError} see {@linkcode quantizeModel}
 * @throws {InterruptedError} between two layers, where the user stopped it
 */
export async function runQuantize(model: string, flags: QuantizeFlags): Promise<void> {
  const { output, precision, variant, threads, json } = flags;
  if (precision === "auto" || precision === "fp32") {
    throw new ConfigError(`Expected --precision to be int8, int4 or fp16 but found ${precision}`);
  }
  using interruption = watchInterruption();
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), signal: interruption.signal });
  let progress: PercentProgress | undefined;
  using stack = new DisposableStack();
  const networks = await quantizeModel(model, output, {
    precision,
    variant,
    threads,
    hub: downloads.hub,
    // Downloads draw their own lines before.
    onProgress: (event) => (progress ??= stack.use(new PercentProgress("quantize"))).update(event),
    signal: interruption.signal,
  });
  stack.dispose();
  if (json) {
    writeOut(`${JSON.stringify({ model, output, networks }, null, 2)}\n`);
    return;
  }
  for (const { path, precision, layers, before, after } of networks) {
    const what = layers > 0 ? `${layers} layers in ${precision}` : precision === "fp16" ? "fp16" : "as it was";
    writeOut(`${path}: ${what}, ${formatBytes(before)} → ${formatBytes(after)}\n`);
  }
}
