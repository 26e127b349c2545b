/**
 * One case in each contender, on the same inputs, in turns; what one cannot run becomes a row that says so.
 * @module
 */
import { join } from "node:path";
import type { RewriteName } from "../../stages/rewrites.ts";
import type { Precision } from "../../weights/precision.ts";
import { openSafetensors } from "../../weights/safetensors.ts";
import { writeSafetensors } from "../../weights/safetensors_writer.ts";
import type { Case } from "../cases.ts";
import { Contender, Refusal } from "../contender.ts";
import type { Step } from "../measure.ts";
import type { PeakMemory } from "../memory.ts";
import { openCase, randomInputs } from "../networks.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";

/** A contender before it is started. */
export interface Entry {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly prepack?: boolean | undefined;
  readonly precision?: Precision;
  readonly without?: readonly RewriteName[];
  readonly bf16?: boolean;
}

/** One contender in one case; times in seconds, memory in bytes. */
export interface PeerTimes {
  readonly case: string;
  readonly contender: string;
  readonly load: number;
  readonly first: number;
  readonly steps: readonly number[];
  readonly processor: readonly number[];
  readonly memory: PeakMemory | undefined;
  readonly versions: Readonly<Record<string, string>>;
  /** Largest difference from the first contender's output, relative to the largest number there. */
  readonly difference: number;
}

/** A case that a contender cannot run, in its own words. */
export interface PeerRefusal {
  readonly case: string;
  readonly contender: string;
  readonly cannot: string;
}

/** What became of one contender in one case. */
export type PeerResult = PeerTimes | PeerRefusal;

/** All numbers of the first tensor in a file. */
async function readOutput(file: string): Promise<Float32Array> {
  const { tensors, read } = await openSafetensors(file);
  const [name] = tensors.keys();
  return (await read(name!)).data as Float32Array;
}

/** max |a − b| / max |b| */
function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) {
    throw new Error(`Expected outputs of one size but found ${a.length} and ${b.length} numbers`);
  }
  let worst = 0;
  let largest = 0;
  // A comparison that is written the other way round lets NaN pass.
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (!(distance <= worst)) worst = distance;
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return worst / largest;
}

/**
 * Loads all contenders, then lets each take a step in turn, so that whatever else the machine does falls on all of them. One that refuses is
 * left out from then on.
 *
 * @param options.folder for the inputs, outputs, and what is made of the weights
 * @returns a result for each of `entries`, in their order
 */
export async function compareCase(
  timed: Case,
  { entries, threads, steps, folder }: { entries: readonly Entry[]; threads: number; steps: number; folder: string },
): Promise<PeerResult[]> {
  const inputs = join(folder, "inputs.safetensors");
  await writeSafetensors(inputs, randomInputs((await openCase(timed, { threads })).graph, timed.sizes), {
    force: true,
  });
  await using stack = new AsyncDisposableStack();
  const running = new Map<Entry, { readonly contender: Contender; readonly first: Step; readonly steps: Step[] }>();
  const results = new Map<Entry, PeerResult>();
  async function attempt(entry: Entry, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      running.delete(entry);
      results.set(entry, { case: timed.name, contender: entry.name, cannot: error.message });
    }
  }

  for (const entry of entries) {
    const { command, prepack, precision = "fp32", bf16 = false, without = [] } = entry;
    const packed = prepack === undefined ? {} : { prepack };
    const cacheFolder = join(folder, "cache");
    const request = { case: timed, threads, precision, cacheFolder, inputs, bf16, without, ...packed };
    await attempt(entry, async () => {
      const contender = stack.use(await Contender.startWarm(command, request));
      running.set(entry, { contender, first: await contender.step(), steps: [] });
    });
  }
  for (let i = 0; i < steps; i++) {
    for (const [entry, { contender, steps }] of [...running]) {
      await attempt(entry, async () => void steps.push(await contender.step()));
    }
  }
  let reference: Float32Array | undefined;
  for (const [entry, { contender, first, steps }] of running) {
    const file = join(folder, "output.safetensors");
    await contender.save(file);
    const output = await readOutput(file);
    reference ??= output;
    results.set(entry, {
      case: timed.name,
      contender: entry.name,
      load: contender.loaded.load,
      first: first.seconds,
      steps: steps.map(({ seconds }) => seconds),
      processor: steps.map(({ processor }) => processor),
      memory: await contender.close(),
      versions: contender.loaded.versions,
      difference: difference(output, reference),
    });
  }
  return entries.map((entry) => results.get(entry)!);
}

/** Columns of {@linkcode peerRows}. */
export const peerTable = new Table([
  "case, contender",
  "load s",
  "first s",
  "step s",
  "ratio",
  "busy %",
  "peak MB",
  "own MB",
  "file MB",
  "difference",
]);

/** A line for each contender of a case: medians of its steps, and how much longer than the first one they take. */
export function peerRows(results: readonly PeerResult[], { threads }: { threads: number }): string[] {
  const first = results.find((result) => "steps" in result);
  const megabytes = (bytes: number | undefined) => bytes === undefined ? undefined : (bytes / 1e6).toFixed(0);
  return results.map((result) => {
    const name = `${result.case}, ${result.contender}`;
    if ("cannot" in result) return peerTable.row([name, `cannot: ${result.cannot}`]);
    const { load, first: cold, steps, processor, memory } = result;
    const busy = 100 * median(processor.map((seconds, i) => seconds / (steps[i]! * threads)));
    return peerTable.row([
      name,
      load,
      cold,
      median(steps),
      (median(steps) / median(first!.steps)).toFixed(2),
      busy.toFixed(0),
      megabytes(memory?.peak),
      megabytes(memory?.anonymous),
      megabytes(memory?.file),
      result.difference.toExponential(1),
    ]);
  });
}
