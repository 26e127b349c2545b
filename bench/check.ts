/**
 * `deno task bench --check` and `--record`: ratios of this working tree, beside those that are committed.
 * @module
 */
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { nativeRuntime } from "../runtime/session.ts";
import type { RewriteName } from "../stages/rewrites.ts";
import type { Precision } from "../weights/precision.ts";
import { modelCases } from "./cases.ts";
import { provenance } from "./machine.ts";
import { openCase, randomInputs } from "./networks.ts";
import { ProcessorRounds, type Subject } from "./processor_rounds.ts";
import { type CommittedRatios, compareRatios, type RatioChange } from "./ratios.ts";
import { openReferenceWork } from "./reference_work.ts";
import { Table } from "./table.ts";

/** The committed ratios. */
const file = join(import.meta.dirname!, "ratios.json");

const precisions: readonly Precision[] = ["fp32", "int8"];

/** One thread: several wait for one another, and spin while another program has their core. */
const threads = 1;

/** How long all networks are looked at, and how long those once more that look slow. */
const looks = { first: { rounds: 60, seconds: 60 }, again: { rounds: 120, seconds: 60 } };

/** What is timed. */
export interface RatioOptions {
  /** Rewrites of the networks' graphs to leave out. */
  readonly without?: readonly RewriteName[];
}

/** Loads the networks of the bundled model in each precision, beside the reference work. */
async function withRounds<Result>(
  { without }: RatioOptions,
  measure: (rounds: ProcessorRounds) => Promise<Result>,
): Promise<Result> {
  const cacheFolder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(cacheFolder, { recursive: true }));
  const pipeline = stack.use(await loadPipeline("emoji", { hashWeights: false }));
  const work = stack.use(await openReferenceWork({ threads }));
  const subjects: Subject[] = [];
  for (const timed of modelCases(pipeline)) {
    for (const precision of precisions) {
      const network = await openCase(timed, { threads, runtime: nativeRuntime, precision, cacheFolder, without });
      stack.defer(() => network.release());
      await network.load();
      const inputs = randomInputs(network.graph, timed.sizes);
      const name = precision === "fp32" ? timed.name : `${timed.name}, ${precision}`;
      subjects.push({ name, run: () => network.run(inputs) });
    }
  }
  return await measure(new ProcessorRounds({ name: "reference", run: work.run }, subjects));
}

/** Measures the ratios and writes them down. */
export async function recordRatios(): Promise<void> {
  const ratios = await withRounds({}, async (rounds) => {
    await rounds.run({ rounds: looks.first.rounds + looks.again.rounds, seconds: 120 });
    return rounds.ratios();
  });
  const { processor, cores, commit, date } = await provenance();
  const numbers = Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toPrecision(4))]);
  const committed: CommittedRatios = { processor, cores, commit, date, ratios: Object.fromEntries(numbers) };
  await Deno.writeTextFile(file, `${JSON.stringify(committed, null, 2)}\n`);
}

/**
 * Measures the ratios and compares them; what looks slower is measured again before it is called so.
 *
 * @returns whether nothing got slower
 */
export async function checkRatios({ tolerance, ...options }: RatioOptions & { tolerance: number }): Promise<boolean> {
  const text = await Deno.readTextFile(file).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Expected ${file}: write it on a quiet machine with deno task bench --record`, { cause: error });
  });
  const committed = JSON.parse(text) as CommittedRatios;
  const changes = await withRounds(options, async (rounds) => {
    const compared = () => compareRatios(rounds.ratios(), committed, { tolerance });
    await rounds.run(looks.first);
    const names = new Set(compared().filter(({ isSlower }) => isSlower).map(({ name }) => name));
    if (names.size > 0) await rounds.run({ ...looks.again, names });
    return compared();
  });
  print(changes, { committed, tolerance });
  return changes.every(({ isSlower }) => !isSlower);
}

function print(
  changes: readonly RatioChange[],
  { committed, tolerance }: { committed: CommittedRatios; tolerance: number },
): void {
  const table = new Table(["ratio (higher is faster)", "committed", "now", "change"]);
  console.log(table.head());
  for (const { name, committed, now, change } of changes) console.log(table.row([name, committed, now, change]));
  const slower = changes.filter(({ isSlower }) => isSlower);
  for (const { name, committed: then, now, change } of slower) {
    const less = (100 * (1 - change)).toFixed(0);
    console.log(`slower: ${name} was ${then} at ${committed.commit} and is ${now.toPrecision(4)}, ${less} % less`);
  }
  if (slower.length === 0) console.log(`nothing is slower by more than ${(100 * tolerance).toFixed(0)} %`);
}
