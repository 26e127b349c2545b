/**
 * Measures one case of this toolkit in a process of its own.
 * @module
 */
import type { Precision } from "../weights/precision.ts";
import type { Case } from "./cases.ts";
import { Contender, ours } from "./contender.ts";
import type { PeakMemory } from "./memory.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";

/** One case as it was measured; times in seconds, memory in bytes. */
export interface CaseResult {
  readonly name: string;
  /** Whether weights are packed; left to the network where undefined. */
  readonly prepack: boolean | undefined;
  readonly load: number;
  /** The first run, which takes memory and touches every weight. */
  readonly first: number;
  readonly steps: readonly number[];
  /** Processor time of each of `steps`, all threads together. */
  readonly processor: readonly number[];
  /** Floating-point operations of a run. */
  readonly flops: number;
  /** Of the weights on disk. */
  readonly bytes: number;
  readonly memory: PeakMemory | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

/** Loads a case, runs it once and then `steps` times. */
export async function measureCase(
  timed: Case,
  { prepack, precision, threads, steps, cacheFolder }: {
    prepack: boolean | undefined;
    precision: Precision;
    threads: number;
    steps: number;
    cacheFolder: string;
  },
): Promise<CaseResult> {
  const chosen = prepack === undefined ? {} : { prepack };
  await using contender = await Contender.startWarm(ours(), {
    case: timed,
    threads,
    precision,
    cacheFolder,
    ...chosen,
  });
  const { load, flops = 0, bytes, versions } = contender.loaded;
  const first = await contender.step();
  const rest = [];
  for (let i = 0; i < steps; i++) rest.push(await contender.step());
  return {
    name: precision === "fp32" ? timed.name : `${timed.name}, ${precision}`,
    prepack,
    load,
    first: first.seconds,
    steps: rest.map(({ seconds }) => seconds),
    processor: rest.map(({ processor }) => processor),
    flops,
    bytes,
    memory: await contender.close(),
    versions,
  };
}

/** Columns of {@linkcode caseRow}. */
export const caseTable = new Table([
  "case",
  "prepack",
  "load s",
  "first s",
  "step s",
  "busy %",
  "GFLOP",
  "GFLOP/s",
  "weights MB",
  "peak MB",
  "own MB",
  "file MB",
]);

/** A result as a line of {@linkcode caseTable}. */
export function caseRow(result: CaseResult, { threads }: { threads: number }): string {
  const { name, prepack, load, first, steps, processor, flops, bytes, memory } = result;
  const step = median(steps);
  const busy = 100 * median(processor.map((seconds, i) => seconds / (steps[i]! * threads)));
  const megabytes = (value: number | undefined) => value === undefined ? undefined : (value / 1e6).toFixed(0);
  return caseTable.row([
    name,
    prepack === undefined ? "auto" : prepack ? "on" : "off",
    load,
    first,
    step,
    busy.toFixed(0),
    flops / 1e9,
    flops / 1e9 / step,
    megabytes(bytes),
    megabytes(memory?.peak),
    megabytes(memory?.anonymous),
    megabytes(memory?.file),
  ]);
}
