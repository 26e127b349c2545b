import { join } from "node:path";
import { writeFileAtomic } from "../../files/atomic_write.ts";
import { names, readRun, type StoredRun } from "../run_folder.ts";
import type { RunComparison } from "../compare_runs.ts";
import { comparisonPage } from "./comparison_page.ts";
import { experimentPage } from "./page.ts";
import { reportPictures } from "./pictures.ts";

/**
 * Makes `report.html` of what is in a run's folder, at any time.
 *
 * The page stands alone: pictures are `data:` URIs, charts inline SVG; it asks no network.
 *
 * @returns its path
 * @throws {ConfigError} where the folder is none of an experiment, or of another version
 */
export async function writeExperimentReport(folder: string): Promise<string> {
  const run = await readRun(folder);
  const page = experimentPage(run, await reportPictures(run));
  const path = join(folder, names.report);
  await writeFileAtomic(path, new TextEncoder().encode(page), { force: true });
  return path;
}

/**
 * Writes a page that compares two runs, likewise.
 *
 * @throws {ConfigError} where there is such a file already, without `force`
 */
export async function writeComparison(
  file: string,
  { a, b, comparison, force }: { a: StoredRun; b: StoredRun; comparison: RunComparison; force: boolean },
): Promise<void> {
  const pictures = {
    a: await reportPictures(a, { cells: comparison.matched.map(([cell]) => cell) }),
    b: await reportPictures(b, { cells: comparison.matched.map(([, cell]) => cell) }),
  };
  const page = comparisonPage({ a, b, comparison, pictures });
  await writeFileAtomic(file, new TextEncoder().encode(page), { force });
}
