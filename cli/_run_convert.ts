/**
 * What `wuerstchen convert` does.
 * @module
 */
import { convertModel } from "../pipeline/convert_model.ts";
import { type ConvertFlags, dtypeNames } from "./convert.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Converts, and prints a line for each network.
 *
 * @throws {CheckpointError | ConfigError | ResourceError} see {@linkcode convertModel}
 */
export async function runConvert(input: string, flags: ConvertFlags): Promise<void> {
  const { output, dtype, keys, shardSize, mergeLora, variant, dict, config, force } = flags;
  const networks = await convertModel(input, output, {
    dtype: dtype && dtypeNames[dtype],
    keys,
    shardBytes: shardSize,
    loras: mergeLora,
    variant,
    dict,
    config,
    force,
  });
  if (flags.json) {
    writeOut(`${JSON.stringify({ input, output, networks }, null, 2)}\n`);
    return;
  }
  for (const { kind, path, tensors, changed } of networks) {
    const merged = changed === 0 ? "" : `, ${changed} of them changed by LoRAs`;
    writeOut(`${path}: ${kind}, ${tensors} tensors${merged}\n`);
  }
}
