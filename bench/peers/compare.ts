/**
 * Runs the same cases here and in diffusers, on the same weights files and inputs, in turns, and prints the ratios.
 *
 * `deno task bench:peers --help` lists the flags; ../README.md says how to make the Python environment.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.ts";
import { openSafetensors } from "../../weights/safetensors.ts";
import type { RewriteName } from "../../stages/rewrites.ts";
import type { Precision } from "../../weights/precision.ts";
import { writeSafetensors } from "../../weights/safetensors_writer.ts";
import { type Case, realSizeCases } from "../cases.ts";
import { Contender, ours } from "../contender.ts";
import { type Provenance, provenance } from "../machine.ts";
import type { PeakMemory } from "../memory.ts";
import { openCase, randomInputs } from "../networks.ts";
import { benchFlags, type BenchOptions, chooseNamed, readBenchOptions, readRewrites } from "../options.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";
import { eachWithWeights } from "../weights_folder.ts";
import { compareFirstSteps, firstStepCase, firstStepRows, firstStepTable, type Opening } from "./first_step.ts";

const help = `deno task bench:peers --python VENV/bin/python [flags]
  --bf16                 also diffusers in bfloat16
  --only a,b             only these cases
  --first-step           in place of the cases: Stage C, 4 GB, from opening its files until its first step is done
  --depth N              blocks of that Stage C in place of its 32, to try it out
  --steps N              timed runs of a case after its first, or openings (default 3)
  --threads N            default 2
  --prepack on|off|both  let our runtime pack weights (default: only those in int8)
  --precision a,b        how ours are kept: fp32, fp16, int8, int4, a contender each (default fp32)
  --without a,b          also without these rewrites of the graph (all, or their names)
  --weights-folder DIR   where random weights go (default: in the system's temporary folder)
  --keep                 leave them there for the next run (9.5 GB)
  --json FILE            write all numbers`;

/** One contender in one case; times in seconds, memory in bytes. */
interface PeerResult {
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

/** A contender before it is started. */
interface Entry {
  readonly name: string;
  readonly command: [string, ...string[]];
  readonly prepack?: boolean | undefined;
  readonly precision?: Precision;
  readonly without?: readonly RewriteName[];
  readonly bf16?: boolean;
}

function entries(
  { prepack, precision }: BenchOptions,
  { python, bf16, without }: { python: string; bf16: boolean; without: readonly RewriteName[] },
): Entry[] {
  const peer: [string, ...string[]] = [python, fileURLToPath(new URL("measure.py", import.meta.url))];
  return [
    ...precision.flatMap((precision) =>
      prepack.map((on) => {
        const words = [
          ...(precision === "fp32" ? [] : [precision]),
          ...(on ? ["packed"] : on === false ? ["not packed"] : []),
        ];
        return { name: ["ours", ...words].join(", "), command: ours(), prepack: on, precision };
      })
    ),
    ...(without.length > 0 ? [{ name: `ours without ${without.join(", ")}`, command: ours(), without }] : []),
    { name: "diffusers fp32", command: peer },
    ...(bf16 ? [{ name: "diffusers bf16", command: peer, bf16: true }] : []),
  ];
}

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

/** Loads all contenders, then lets each take a step in turn, so that whatever else the machine does falls on all of them. */
async function compareCase(
  timed: Case,
  { entries, threads, steps, folder }: { entries: readonly Entry[]; threads: number; steps: number; folder: string },
): Promise<PeerResult[]> {
  const inputs = join(folder, "inputs.safetensors");
  await writeSafetensors(inputs, randomInputs((await openCase(timed, { threads })).graph, timed.sizes), {
    force: true,
  });
  await using stack = new AsyncDisposableStack();
  const runs = [];
  const cacheFolder = join(folder, "cache");
  for (const { name, command, prepack, precision = "fp32", bf16 = false, without = [] } of entries) {
    const packed = prepack === undefined ? {} : { prepack };
    const request = { case: timed, threads, precision, cacheFolder, inputs, bf16, without, ...packed };
    const contender = stack.use(await Contender.startWarm(command, request));
    runs.push({
      name,
      contender,
      first: await contender.step(),
      steps: [] as Awaited<ReturnType<Contender["step"]>>[],
    });
  }
  for (let i = 0; i < steps; i++) for (const { contender, steps } of runs) steps.push(await contender.step());
  const results: PeerResult[] = [];
  let reference: Float32Array | undefined;
  for (const { name, contender, first, steps } of runs) {
    const file = join(folder, "output.safetensors");
    await contender.save(file);
    const output = await readOutput(file);
    reference ??= output;
    results.push({
      case: timed.name,
      contender: name,
      load: contender.loaded.load,
      first: first.seconds,
      steps: steps.map(({ seconds }) => seconds),
      processor: steps.map(({ processor }) => processor),
      memory: await contender.close(),
      versions: contender.loaded.versions,
      difference: difference(output, reference),
    });
  }
  return results;
}

const table = new Table([
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

function row(result: PeerResult, { ours, threads }: { ours: PeerResult; threads: number }): string {
  const { contender, load, first, steps, processor, memory } = result;
  const busy = 100 * median(processor.map((seconds, i) => seconds / (steps[i]! * threads)));
  const megabytes = (bytes: number | undefined) => bytes === undefined ? undefined : (bytes / 1e6).toFixed(0);
  return table.row([
    `${result.case}, ${contender}`,
    load,
    first,
    median(steps),
    (median(steps) / median(ours.steps)).toFixed(2),
    busy.toFixed(0),
    megabytes(memory?.peak),
    megabytes(memory?.anonymous),
    megabytes(memory?.file),
    result.difference.toExponential(1),
  ]);
}

/** Opens Stage C in new processes, in turns. */
async function firstSteps(
  options: BenchOptions,
  { python, bf16, depth, folder }: { python: string; bf16: boolean; depth: number | undefined; folder: string },
): Promise<Opening[]> {
  const { threads, steps: rounds = 3 } = options;
  const openers = entries(options, { python, bf16, without: [] }).map((
    { name, command, prepack, bf16, precision },
  ) => ({
    name,
    command,
    request: {
      cacheFolder: join(folder, "cache"),
      ...(prepack === undefined ? {} : { prepack }),
      ...(precision === undefined ? {} : { precision }),
      ...(bf16 === undefined ? {} : { bf16 }),
    },
  }));
  const openings: Opening[] = [];
  console.error(firstStepTable.head());
  for await (const timed of eachWithWeights([firstStepCase(options.weightsFolder, { depth })], options)) {
    openings.push(...await compareFirstSteps(timed, { openers, rounds, threads, folder }));
  }
  for (const line of firstStepRows(openings)) console.error(line);
  return openings;
}

async function main(
  { python, bf16 = false, without: left, "first-step": opens = false, depth, ...values }: ReturnType<
    typeof readFlags
  >["values"],
): Promise<void> {
  if (python === undefined) {
    throw new ConfigError("Expected --python to name the Python of an environment with diffusers");
  }
  const without = readRewrites(left);
  const options = readBenchOptions(values);
  const { threads } = options;
  const cases = chooseNamed(realSizeCases(options.weightsFolder), options);
  const folder = await Deno.makeTempDir();
  try {
    const results: PeerResult[] = [];
    const report: Provenance & { threads: number; results: PeerResult[] } = { ...await provenance(), threads, results };
    console.error(
      `${report.processor}, ${report.cores} cores, ${report.system}, commit ${report.commit}, ${threads} threads`,
    );
    if (opens) {
      const blocks = depth === undefined ? undefined : Number(depth);
      const openings = await firstSteps(options, { python, bf16, depth: blocks, folder });
      const text = `${JSON.stringify({ ...report, results: openings }, null, 2)}\n`;
      if (options.json !== undefined) await Deno.writeTextFile(options.json, text);
      return;
    }
    console.error(table.head());
    for await (const timed of eachWithWeights(cases, options)) {
      const contenders = entries(options, { python, bf16, without });
      const compared = await compareCase(timed, { entries: contenders, threads, steps: options.steps ?? 3, folder });
      for (const result of compared) console.error(row(result, { ours: compared[0]!, threads }));
      results.push(...compared);
    }
    if (options.json !== undefined) await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function readFlags() {
  return parseArgs({
    options: {
      ...benchFlags,
      python: { type: "string" },
      bf16: { type: "boolean" },
      without: { type: "string" },
      "first-step": { type: "boolean" },
      depth: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

if (import.meta.main) {
  const { values } = readFlags();
  if (values.help) console.log(help);
  else await main(values);
}
