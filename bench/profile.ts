/**
 * Shows where the time of a network's run goes: its operators by kind, what they compute a second, and the most that this machine does.
 *
 * `deno task bench:profile --help` lists the flags.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { nativeRuntime } from "../runtime/session.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { RewriteName } from "../stages/rewrites.ts";
import type { Precision } from "../weights/precision.ts";
import { type Case, modelCases, realSizeCases } from "./cases.ts";
import { provenance } from "./machine.ts";
import { measurePeaks } from "./machine_peaks.ts";
import { openCase, randomInputs } from "./networks.ts";
import { countRuns, lastRun, type OperatorTime, readProfile } from "./operator_times.ts";
import { benchFlags, type BenchOptions, chooseNamed, readBenchOptions, readRewrites } from "./options.ts";
import { Table } from "./table.ts";
import { eachWithWeights } from "./weights_folder.ts";

const help = `deno task bench:profile --only CASE[,…] [flags]
  --only a,b             these cases, of the bundled model (emoji-stage-b) or at the published sizes (stage-b-1024)
  --precision a,b        how weights are kept: fp32, fp16, int8, int4 (default fp32)
  --without a,b|all      without these rewrites of the graph; without all it is the network as it is written
  --threads N            default 2
  --weights-folder DIR   where random weights go (default: in the system's temporary folder)
  --keep                 leave them there for the next run
  --json FILE            write all numbers`;

/** Operators that share a line where they take less of a run than this. */
const smallShare = 0.01;

/** What fused operators compute with, by the name under which the graph has it. */
const unfused: Readonly<Record<string, string>> = { FusedGemm: "Gemm", FusedMatMul: "MatMul", FusedConv: "Conv" };

/** A run, taken apart. */
interface Profile {
  readonly name: string;
  readonly seconds: number;
  readonly operators: readonly (OperatorTime & { readonly flops: number })[];
}

/** Runs a case twice and takes the second run apart. */
async function profileCase(
  timed: Case,
  { threads, precision, without, folder }: {
    threads: number;
    precision: Precision;
    without: readonly RewriteName[];
    folder: string;
  },
): Promise<Profile> {
  const own = await Deno.makeTempDir({ dir: folder });
  const runtime: Runtime = {
    ...nativeRuntime,
    createSession: (model, options) => nativeRuntime.createSession(model, { ...options, profile: join(own, "run") }),
  };
  const network = await openCase(timed, { threads, runtime, precision, without, cacheFolder: join(folder, "cache") });
  await network.load();
  const inputs = randomInputs(network.graph, timed.sizes);
  await network.run(inputs);
  await network.run(inputs);
  await network.release();
  for await (const { name } of Deno.readDir(own)) {
    const events = readProfile(await Deno.readTextFile(join(own, name)));
    if (countRuns(events) < 2) continue;
    const { seconds, operators } = lastRun(events);
    const words = [timed.name, precision, ...(without.length > 0 ? [`without ${without.join(" and ")}`] : [])];
    const flops = network.flopsByOperator;
    const rows = operators.map((one) => ({ ...one, flops: flops.get(unfused[one.op] ?? one.op) ?? 0 }));
    return { name: words.join(", "), seconds, operators: rows };
  }
  throw new Error(`Expected ONNX Runtime to write a profile of ${timed.name} into ${own} but found none`);
}

const table = new Table(["operator", "count", "seconds", "%", "GFLOP", "GFLOP/s"]);

function print({ name, seconds, operators }: Profile): void {
  console.log(`\n${name}: ${seconds.toPrecision(3)} s`);
  console.log(table.head());
  const isLarge = ({ seconds: own }: OperatorTime) => own >= smallShare * seconds;
  const line = (op: string, own: readonly Profile["operators"][number][]) => {
    const sum = (of: (one: Profile["operators"][number]) => number) => own.reduce((all, one) => all + of(one), 0);
    const took = sum(({ seconds }) => seconds);
    const flops = sum(({ flops }) => flops) / 1e9;
    const speed = flops > 0 ? [flops, flops / took] : ["", ""];
    console.log(table.row([op, `${sum(({ count }) => count)}`, took, (100 * took / seconds).toFixed(1), ...speed]));
  };
  for (const one of operators.filter(isLarge)) line(one.op, [one]);
  const rest = operators.filter((one) => !isLarge(one));
  if (rest.length > 0) line("the rest", rest);
}

async function main(
  options: BenchOptions,
  { without }: { without: readonly RewriteName[] },
): Promise<void> {
  const { threads } = options;
  const folder = await Deno.makeTempDir();
  try {
    const pipeline = await loadPipeline("emoji", { hashWeights: false });
    const small = modelCases(pipeline);
    const large = realSizeCases(options.weightsFolder);
    const chosen = new Set(chooseNamed([...small, ...large], options).map(({ name }) => name));
    const machine = await provenance();
    console.log(`${machine.processor}, ${machine.cores} cores, commit ${machine.commit}, ${threads} threads`);
    const peaks = await measurePeaks({ threads });
    console.log(
      `most that it does: ${(peaks.float / 1e9).toFixed(0)} GFLOP/s in fp32, ${
        (peaks.byte / 1e9).toFixed(0)
      } in int8, ` +
        `${(peaks.bandwidth / 1e9).toFixed(1)} GB/s read and written by an addition`,
    );
    const profiles: Profile[] = [];
    const profile = async (timed: Case) => {
      for (const precision of options.precision) {
        const how = { threads, precision, without, folder };
        profiles.push(await profileCase(timed, how));
        print(profiles.at(-1)!);
      }
    };
    for (const timed of small.filter(({ name }) => chosen.has(name))) await profile(timed);
    const real = large.filter(({ name }) => chosen.has(name));
    for await (const timed of eachWithWeights(real, options)) await profile(timed);
    if (options.json !== undefined) {
      await Deno.writeTextFile(options.json, `${JSON.stringify({ ...machine, threads, peaks, profiles }, null, 2)}\n`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { ...benchFlags, without: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help || values.only === undefined) console.log(help);
  else await main(readBenchOptions(values), { without: readRewrites(values.without) });
}
