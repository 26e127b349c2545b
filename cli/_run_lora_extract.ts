/**
 * What `wuerstchen lora extract` does.
 * @module
 */
import { extractLora } from "../pipeline/extract_lora.ts";
import { quoteSome } from "../weights/quote.ts";
import type { LoraFlags } from "./lora.ts";
import { watchInterruption } from "./_interruption.ts";
import { PercentProgress } from "./_percent_progress.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Extracts, drawing how far it is, and prints what the LoRA holds.
 *
 * @throws {CheckpointError | ConfigError | ResourceError} see {@linkcode extractLora}
 * @throws {InterruptedError} between two tensors, where the user stopped it
 */
export async function runLoraExtract(base: string, tuned: string, flags: LoraFlags): Promise<void> {
  const { output, rank, variant, force, json, quiet } = flags;
  using interruption = watchInterruption();
  using progress = new PercentProgress("extract", { isHidden: quiet });
  const found = await extractLora({ base, tuned, path: output }, {
    rank,
    variant,
    force,
    onProgress: (event) => progress.update(event),
    signal: interruption.signal,
  });
  progress.done();
  if (json) {
    writeOut(`${JSON.stringify({ output, rank, ...found }, null, 2)}\n`);
    return;
  }
  if (quiet) return writeOut(`${output}\n`);
  const share = (100 * found.kept).toFixed(1);
  writeOut(`${output}: ${found.layers} layers of rank ${rank}, ${share} % of their change\n`);
  if (found.leftOut.length > 0) writeOut(`left out, as no LoRA can hold it: ${quoteSome(found.leftOut)}\n`);
}
