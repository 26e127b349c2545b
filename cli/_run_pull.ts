/**
 * What `wuerstchen pull` does.
 * @module
 */
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { parseModelId } from "../hub/model_id.ts";
import { fetchModels } from "../pipeline/fetch_models.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import type { PullFlags } from "./pull.ts";

/**
 * Fetches a model, its prior too, and prints the folders.
 *
 * @throws {ConfigError} where it is no name of a repository, or its licence has to be accepted first
 * @throws {HubError} where it cannot be had
 */
export async function runPull(model: string, flags: PullFlags): Promise<void> {
  const { prior, variant, json = false, quiet = false, acceptLicense } = flags;
  const name = parseModelId(model);
  if (name === undefined) {
    throw new ConfigError(
      `Expected a repository on the hub, such as warp-ai/wuerstchen, but found ${JSON.stringify(model)}`,
    );
  }
  using interruption = watchInterruption();
  const { signal } = interruption;
  using downloads = await watchDownloads({ terminal: openTerminal("stderr"), quiet, signal, acceptLicense });
  const fetched = await fetchModels(name, { ...downloads.hub, variant, prior });
  downloads[Symbol.dispose]();
  if (!json) return writeOut(fetched.map(({ folder }) => `${folder}\n`).join(""));
  const models = [];
  for (const { id, revision, commit, folder, needed } of fetched) {
    const sizes = await Promise.all(needed.map(async (path) => (await Deno.stat(join(folder, path))).size));
    models.push({ id, revision, commit, folder, files: needed, bytes: sizes.reduce((sum, size) => sum + size, 0) });
  }
  writeOut(`${JSON.stringify({ models }, null, 2)}\n`);
}
