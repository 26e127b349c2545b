/**
 * How long a model takes from opening its files until its first step is done: new processes, in turns, on a step so small that reading
 * the weights is nearly all of its work.
 * @module
 */
import { join } from "node:path";
import { writeSafetensors } from "../../weights/safetensors_writer.ts";
import { type Case, type RealSizeCase, realSizeCases } from "../cases.ts";
import { Contender } from "../contender.ts";
import type { MeasureRequest } from "../measure.ts";
import type { PeakMemory } from "../memory.ts";
import { openCase, randomInputs } from "../networks.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";

/** Who opens the model. */
export interface Opener {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly request?: Partial<MeasureRequest>;
}

/** One process; times in seconds. */
export interface Opening {
  readonly contender: string;
  /** From its first look at the files until the network can run; imports come before. */
  readonly open: number;
  /** The first step, which touches every weight. */
  readonly step: number;
  /** From the start of the process, imports included, until that step is done: what somebody waits for. */
  readonly whole: number;
  readonly memory: PeakMemory | undefined;
}

/**
 * Stage C of the published size, 4 GB in fp32, at the smallest size of a latent.
 *
 * @param options.depth blocks in place of the published 32, to try it out
 */
export function firstStepCase(folder: string, { depth }: { depth?: number | undefined } = {}): RealSizeCase {
  const { checkpoint } = realSizeCases(folder).find(({ name }) => name === "stage-c-1024")!;
  const name = "stage-c-first-step";
  const own = depth === undefined ? checkpoint.folder : `${checkpoint.folder}-${depth}`;
  const { network, config } = checkpoint;
  return {
    name,
    timed: { name, network, folder: own, sizes: { batch: 1, height: 1, width: 1, tokens: 1 } },
    checkpoint: { network, folder: own, config: depth === undefined ? config : { ...config, depth } },
  };
}

/**
 * Opens the model in each contender in turn, `rounds` times, after a round that does not count: by then the system's cache holds the
 * files for everybody.
 *
 * @param options.folder for the inputs
 */
export async function compareFirstSteps(
  timed: Case,
  { openers, rounds, threads, folder }: {
    openers: readonly Opener[];
    rounds: number;
    threads: number;
    folder: string;
  },
): Promise<Opening[]> {
  const inputs = join(folder, "inputs.safetensors");
  const { graph } = await openCase(timed, { threads });
  await writeSafetensors(inputs, randomInputs(graph, timed.sizes), { force: true });
  const openings: Opening[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (const { name, command, request } of openers) {
      const start = performance.now();
      await using contender = await Contender.start(command, { case: timed, threads, inputs, ...request });
      const { seconds: step } = await contender.step();
      const whole = (performance.now() - start) / 1000;
      const opening = { contender: name, open: contender.loaded.load, step, whole, memory: await contender.close() };
      if (round > 0) openings.push(opening);
    }
  }
  return openings;
}

/** Columns of {@linkcode firstStepRows}. */
export const firstStepTable = new Table([
  "contender",
  "open s",
  "first step s",
  "both s",
  "ratio",
  "from start s",
  "ratio",
  "peak MB",
  "own MB",
]);

/** A line for each contender: medians of its openings, and how much longer than the first one it takes. */
export function firstStepRows(openings: readonly Opening[]): string[] {
  const groups = [...Map.groupBy(openings, ({ contender }) => contender)];
  const bothOf = (group: readonly Opening[]) => median(group.map(({ open, step }) => open + step));
  const wholeOf = (group: readonly Opening[]) => median(group.map(({ whole }) => whole));
  const first = groups[0]![1];
  const megabytes = (bytes: readonly (number | undefined)[]) => {
    const known = bytes.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : (Math.max(...known) / 1e6).toFixed(0);
  };
  return groups.map(([name, group]) =>
    firstStepTable.row([
      name,
      median(group.map(({ open }) => open)),
      median(group.map(({ step }) => step)),
      bothOf(group),
      (bothOf(group) / bothOf(first)).toFixed(2),
      wholeOf(group),
      (wholeOf(group) / wholeOf(first)).toFixed(2),
      megabytes(group.map(({ memory }) => memory?.peak)),
      megabytes(group.map(({ memory }) => memory?.anonymous)),
    ])
  );
}
