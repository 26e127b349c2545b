/**
 * What `wuerstchen convert` does.
 * @module
 */
import { convertModel } from "../pipeline/convert_model.ts";
import type { ConvertFlags } from "./convert.ts";
import { watchInterruption } from "./_interruption.ts";
import { PercentProgress } from "./_percent_progress.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Converts, drawing how far it is, and prints a line for each network.
 *
 * @throws {CheckpointError | ConfigError | ResourceError} see {@linkcode convertModel}
 * @throws {InterruptedError} between two tensors, where the user stopped it
 */
export async function runConvert(input: string, flags: ConvertFlags): Promise<void> {
  const { output, dtype, keys, shardSize, mergeLora, variant, dict, config, force, json, quiet } = flags;
  using interruption = watchInterruption();
  using progress = new PercentProgress("convert", { isHidden: quiet });
  const networks = await convertModel(input, output, {
    dtype,
    keys,
    shardBytes: shardSize,
    loras: mergeLora,
    variant,
    dict,
    config,
    force,
    onProgress: (event) => progress.update(event),
    signal: interruption.signal,
  });
  progress.done();
  if (json) {
    writeOut(`${JSON.stringify({ input, output, networks }, null, 2)}\n`);
    return;
  }
  for (const { kind, path, tensors, changed } of networks) {
    const merged = changed === 0 ? "" : `, ${changed} of them changed by LoRAs`;
    writeOut(quiet ? `${path}\n` : `${path}: ${kind}, ${tensors} tensors${merged}\n`);
  }
}
