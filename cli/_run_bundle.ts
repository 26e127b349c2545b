/**
 * What `wuerstchen bundle` does.
 * @module
 */
import { bundleModel } from "../pipeline/bundle_model.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { checkFolder } from "./_output_name.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import type { BundleFlags } from "./bundle.ts";
import { dirname } from "node:path";

/** Writes the file and prints its path. */
export async function runBundle(model: string, flags: BundleFlags): Promise<void> {
  const { output, prior, variant, force, acceptLicense, quiet, json } = flags;
  await checkFolder(dirname(output));
  using interruption = watchInterruption();
  const { signal } = interruption;
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), quiet, signal, acceptLicense });
  const contents = await bundleModel(model, output, { ...downloads.hub, prior, variant, force });
  writeOut(json ? `${JSON.stringify(contents, null, 2)}\n` : `${output}\n`);
}
