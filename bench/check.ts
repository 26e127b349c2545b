/**
 * `deno task bench --check` and `--record`: ratios of this working tree, beside those that are committed.
 * @module
 */
import { join } from "node:path";
import { measureSpeed } from "../pipeline/machine_speed.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import type { Precision } from "../weights/precision.ts";
import { modelCases } from "./cases.ts";
import { provenance } from "./machine.ts";
import { measureCase } from "./measure_case.ts";
import { type CommittedRatios, compareRatios, ratiosOf, type TimedCase } from "./ratios.ts";
import { Table } from "./table.ts";

/** The committed ratios. */
const file = join(import.meta.dirname!, "ratios.json");

/** Rounds over all cases: of each, the fastest run of all rounds counts. */
const rounds = 3;

const precisions: readonly Precision[] = ["fp32", "int8"];

/** Times the networks of the bundled model, each between two measurements of the machine. */
async function timeCases({ threads, steps }: { threads: number; steps: number }): Promise<TimedCase[]> {
  await using pipeline = await loadPipeline("emoji", { hashWeights: false });
  const cacheFolder = await Deno.makeTempDir();
  const best = new Map<string, TimedCase>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const timed of modelCases(pipeline)) {
        for (const precision of precisions) {
          const before = await measureSpeed({ threads });
          const result = await measureCase(timed, { prepack: undefined, precision, threads, steps, cacheFolder });
          const speed = Math.max(before, await measureSpeed({ threads }));
          const { name, flops } = result;
          const known = best.get(name);
          best.set(name, {
            name,
            flops,
            fastest: Math.min(known?.fastest ?? Infinity, ...result.steps),
            speed: Math.max(known?.speed ?? 0, speed),
          });
        }
      }
    }
  } finally {
    await Deno.remove(cacheFolder, { recursive: true });
  }
  return [...best.values()];
}

/** Measures the ratios and writes them down. */
export async function recordRatios(
  { threads, steps = 10 }: { threads: number; steps?: number | undefined },
): Promise<void> {
  const ratios = ratiosOf(await timeCases({ threads, steps }));
  const { processor, cores, commit, date } = await provenance();
  const committed: CommittedRatios = { processor, cores, commit, date, threads, ratios };
  await Deno.writeTextFile(file, `${JSON.stringify(committed, null, 2)}\n`);
}

/**
 * Measures the ratios and compares them.
 *
 * @returns whether nothing got slower
 */
export async function checkRatios(
  { threads, steps = 10, tolerance }: { threads: number; steps?: number | undefined; tolerance: number },
): Promise<boolean> {
  const text = await Deno.readTextFile(file).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Expected ${file}: write it on a quiet machine with deno task bench --record`, { cause: error });
  });
  const committed = JSON.parse(text) as CommittedRatios;
  const changes = compareRatios(ratiosOf(await timeCases({ threads, steps })), committed, { tolerance });
  const table = new Table(["ratio (higher is faster)", "committed", "now", "change"]);
  console.log(table.head());
  for (const { name, committed, now, change } of changes) console.log(table.row([name, committed, now, change]));
  const slower = changes.filter(({ isSlower }) => isSlower);
  for (const { name, committed: then, now, change } of slower) {
    console.log(
      `slower: ${name} was ${then} at ${committed.commit} and is ${now}, ${(100 * (1 - change)).toFixed(0)} % less`,
    );
  }
  if (slower.length === 0) console.log(`nothing is slower by more than ${(100 * tolerance).toFixed(0)} %`);
  return slower.length === 0;
}
