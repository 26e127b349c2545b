/**
 * What `wuerstchen push` does.
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import { snapshotFiles } from "../hub/cache_layout.ts";
import { HubClient } from "../hub/client.ts";
import { parseModelId } from "../hub/model_id.ts";
import { filesOf, type PushedFile, pushedPaths, pushFiles } from "../hub/push.ts";
import { readHubSettings } from "../hub/settings.ts";
import { findModel } from "../pipeline/model.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { parseLog } from "../train/report/log_line.ts";
import { modelCard } from "../train/report/model_card.ts";
import { runHistory } from "../train/report/run_history.ts";
import { writeReport } from "../train/report/write_report.ts";
import { watchInterruption } from "./_interruption.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import { visibleText } from "./_text_width.ts";
import type { PushFlags } from "./push.ts";

/** Name of the report in the repository. */
const reportName = "training/report.html";

/**
 * Pushes a model and prints the address of the commit.
 *
 * @throws {CheckpointError} where the folder holds no model
 * @throws {ConfigError} where the name is none of a repository, or there is no token
 */
export async function runPush(folder: string, repository: string, flags: PushFlags): Promise<void> {
  const id = parseModelId(repository);
  if (id === undefined || id.revision !== "main") {
    throw new ConfigError(
      `Expected the name of a repository, such as me/icons, but found ${JSON.stringify(repository)}`,
    );
  }
  // What is no model would help nobody there.
  await findModel(resolve(folder));
  const files = await collect(folder, id.id, flags);
  const { dryRun = false, json = false, quiet = false, message = "Add the model" } = flags;
  if (dryRun) return await list(files, { id: id.id, json });
  using interruption = watchInterruption();
  const terminal = openTerminal("stderr");
  const client = new HubClient(await readHubSettings());
  const onProgress = ({ path, state, part }: { path: string; state: string; part: number }) => {
    if (!quiet && part === 1) terminal.write(`${state === "hashing" ? "hashed" : "sent"} ${visibleText(path)}\n`);
  };
  const { signal } = interruption;
  const pushed = await pushFiles(id.id, files, { client, message, isPrivate: flags.private, onProgress, signal });
  writeOut(
    json
      ? `${JSON.stringify({ id: id.id, ...pushed, files: files.map(({ path }) => path) }, null, 2)}\n`
      : `${pushed.url}\n`,
  );
}

/** The model's files, a card where it has none, and the report of its training where that is there. */
async function collect(folder: string, id: string, { license, run }: PushFlags): Promise<PushedFile[]> {
  const paths = pushedPaths(await snapshotFiles(folder) ?? []);
  const files = filesOf(folder, paths);
  const runFolder = run ?? dirname(resolve(folder));
  const log = await Deno.readTextFile(join(runFolder, "log.jsonl")).catch((error) => {
    if (error instanceof Deno.errors.NotFound && run === undefined) return undefined;
    throw new ConfigError(`${runFolder}: Expected the folder of a training, with log.jsonl`, { cause: error });
  });
  if (log !== undefined) files.push({ path: reportName, content: { file: await writeReport(runFolder) } });
  if (!paths.includes("README.md")) {
    const history = log === undefined ? undefined : runHistory(parseLog(log).lines);
    const report = log === undefined ? undefined : reportName;
    files.push({ path: "README.md", content: { text: modelCard({ id, license, history, report }) } });
  } else if (license !== undefined) {
    throw new ConfigError(`${join(folder, "README.md")}: says the licence itself: leave --license out`);
  }
  return files;
}

async function list(files: readonly PushedFile[], { id, json }: { id: string; json: boolean }): Promise<void> {
  const rows = await Promise.all(files.map(async ({ path, content }) => ({
    path,
    bytes: "text" in content ? new TextEncoder().encode(content.text).byteLength : (await Deno.stat(content.file)).size,
  })));
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  if (json) return writeOut(`${JSON.stringify({ id, dryRun: true, files: rows, bytes }, null, 2)}\n`);
  const lines = rows.map(({ path, bytes }) => `${visibleText(path)}  ${bytes} bytes\n`);
  writeOut(`${lines.join("")}${formatBytes(bytes)} would be pushed to ${id}\n`);
}
