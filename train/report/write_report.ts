import { basename, join, resolve } from "node:path";
import { ConfigError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic_write.ts";
import type { PhaseName } from "../config.ts";
import { parseLog } from "./log_line.ts";
import { reportPage } from "./page.ts";
import { runHistory } from "./run_history.ts";
import { type SamplePictures, samplePictures } from "./sample_pictures.ts";

/**
 * Makes `report.html` out of the `log.jsonl`, `config.json` and sample grids of a run's folder, at any time, while it runs too.
 *
 * The page stands alone: curves are inline SVG, pictures `data:` URIs; it needs no script and asks no network. An unfinished last line
 * of the log, and pictures that are missing or damaged, are passed over and said.
 *
 * @returns path of the report
 * @throws {ConfigError} where the folder has no `log.jsonl`
 */
export async function writeReport(runFolder: string): Promise<string> {
  const logFile = join(runFolder, "log.jsonl");
  const text = await textOf(logFile);
  if (text === undefined) throw new ConfigError(`${logFile}: Expected the log of a training but found no such file`);
  const { lines, unread } = parseLog(text);
  const history = runHistory(lines);
  const pictures = new Map<PhaseName, SamplePictures>();
  for (const { phase, samples } of history.phases) pictures.set(phase, await samplePictures(runFolder, samples));
  const { mtime } = await Deno.stat(logFile);
  const page = reportPage({
    name: basename(resolve(runFolder)),
    history,
    pictures,
    config: parsed(await textOf(join(runFolder, "config.json"))) ?? history.last?.config,
    written: (mtime ?? new Date()).toISOString(),
    unread,
  });
  const path = join(runFolder, "report.html");
  await writeFileAtomic(path, new TextEncoder().encode(page), { force: true });
  return path;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

/** JSON, or the text itself where it is none. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
