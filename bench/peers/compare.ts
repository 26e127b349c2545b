/**
 * Runs the same cases here, in diffusers and in candle, on the same weights files and inputs, in turns, and prints the ratios.
 *
 * `deno task bench:peers --help` lists the flags; ../README.md says how to make the Python environment and the program.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.ts";
import type { RewriteName } from "../../stages/rewrites.ts";
import { realSizeCases } from "../cases.ts";
import { ours } from "../contender.ts";
import { type Provenance, provenance } from "../machine.ts";
import { benchFlags, type BenchOptions, chooseNamed, readBenchOptions, readRewrites } from "../options.ts";
import { eachWithWeights } from "../weights_folder.ts";
import { compareCase, type Entry, type PeerResult, peerRows, peerTable } from "./compare_case.ts";
import { compareFirstSteps, firstStepCase, firstStepRows, firstStepTable, type Opening } from "./first_step.ts";

const help = `deno task bench:peers [--python VENV/bin/python] [--candle PROGRAM] [flags]
  --python FILE          diffusers, in the environment of this Python
  --candle FILE          candle, as the program that is built from bench/peers/candle
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
  --keep                 leave them there for the next run (12.5 GB)
  --json FILE            write all numbers`;

/** Who is compared, beside this toolkit. */
interface Peers {
  /** Python of an environment with diffusers. */
  readonly python?: string | undefined;
  /** Also diffusers in bfloat16. */
  readonly bf16: boolean;
  /** Program built from `candle/`. */
  readonly candle?: string | undefined;
}

function entries(
  { prepack, precision }: BenchOptions,
  { peers: { python, bf16, candle }, without }: { peers: Peers; without: readonly RewriteName[] },
): Entry[] {
  const script = fileURLToPath(new URL("measure.py", import.meta.url));
  return [
    ...precision.flatMap((precision) =>
      prepack.map((on): Entry => {
        const words = [
          ...(precision === "fp32" ? [] : [precision]),
          ...(on ? ["packed"] : on === false ? ["not packed"] : []),
        ];
        return { name: ["ours", ...words].join(", "), command: ours(), prepack: on, precision };
      })
    ),
    ...(without.length > 0 ? [{ name: `ours without ${without.join(", ")}`, command: ours(), without }] : []),
    ...(python === undefined ? [] : [false, ...(bf16 ? [true] : [])].map((bf16): Entry => (
      { name: `diffusers ${bf16 ? "bf16" : "fp32"}`, command: [python, script], bf16 }
    ))),
    ...(candle === undefined ? [] : [{ name: "candle fp32", command: [candle] } satisfies Entry]),
  ];
}

/** Opens Stage C in new processes, in turns. */
async function firstSteps(
  options: BenchOptions,
  { peers, depth, folder }: { peers: Peers; depth: number | undefined; folder: string },
): Promise<Opening[]> {
  const { threads, steps: rounds = 3 } = options;
  const openers = entries(options, { peers, without: [] }).map((
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
  { python, bf16 = false, candle, without: left, "first-step": opens = false, depth, ...values }: ReturnType<
    typeof readFlags
  >["values"],
): Promise<void> {
  if (python === undefined && (candle === undefined || bf16)) {
    throw new ConfigError(
      "Expected --python to name the Python of an environment with diffusers, or --candle a program built from bench/peers/candle",
    );
  }
  const peers = { python, bf16, candle };
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
      const openings = await firstSteps(options, { peers, depth: blocks, folder });
      const text = `${JSON.stringify({ ...report, results: openings }, null, 2)}\n`;
      if (options.json !== undefined) await Deno.writeTextFile(options.json, text);
      return;
    }
    console.error(peerTable.head());
    for await (const timed of eachWithWeights(cases, options)) {
      const contenders = entries(options, { peers, without });
      const compared = await compareCase(timed, { entries: contenders, threads, steps: options.steps ?? 3, folder });
      for (const line of peerRows(compared, { threads })) console.error(line);
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
      candle: { type: "string" },
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
