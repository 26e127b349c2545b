/**
 * Times start-up, every network of the bundled model and, with `--real-size`, single runs at the published sizes.
 *
 * `deno task bench --help` lists the flags; README.md beside this file says what the columns mean.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "../errors.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { type Case, modelCases, realSizeCases } from "./cases.ts";
import { checkRatios, recordRatios } from "./check.ts";
import { type Provenance, provenance } from "./machine.ts";
import { type CaseResult, caseRow, caseTable, measureCase } from "./measure_case.ts";
import { benchFlags, type BenchOptions, chooseNamed, readBenchOptions, readRewrites } from "./options.ts";
import { startupCases, timeCommand } from "./startup.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";
import { eachWithWeights } from "./weights_folder.ts";

const help = `deno task bench [flags]
  --real-size            also single runs at the published sizes, with random weights (4.3 GB of disk, 6 GB of memory)
  --only a,b             only these cases, of whatever size
  --steps N              timed runs of a case after its first (default 3; of a command or the bundled model 10)
  --threads N            default 2
  --prepack on|off|both  let the runtime pack weights (default: only those in int8)
  --precision a,b        how weights are kept: fp32, fp16, int8, int4 (default fp32)
  --weights-folder DIR   where random weights go (default: in the system's temporary folder)
  --keep                 leave them there for the next run (12.5 GB)
  --json FILE            write all numbers
  --check                compare ratios with those of bench/ratios.json, and end with 1 where something got slower
  --tolerance X          share that a ratio may lose in a check (default 0.1)
  --without a,b          check without these rewrites of the graph (all, or their names), to see that a slowdown is caught
  --record               write those ratios, on a machine that does nothing else`;

/** What `--json` writes. */
interface Report extends Provenance {
  readonly threads: number;
  readonly commands: { readonly name: string; readonly seconds: readonly number[] }[];
  readonly cases: CaseResult[];
}

async function main(
  { "real-size": realSize = false, ...values }: ReturnType<typeof readFlags>["values"],
): Promise<void> {
  const options = readBenchOptions(values);
  const { threads } = options;
  const folder = await Deno.makeTempDir();
  try {
    const pipeline = await loadPipeline("emoji");
    const commands = startupCases(folder);
    const small = modelCases(pipeline);
    const large = realSizeCases(options.weightsFolder);
    const all = [...commands, ...small, ...(realSize || options.only ? large : [])];
    const chosen = new Set(chooseNamed(all, options).map(({ name }) => name));
    const isChosen = ({ name }: { name: string }) => chosen.has(name);

    const report: Report = { ...await provenance(), threads, commands: [], cases: [] };
    console.error(
      `${report.processor}, ${report.cores} cores, ${report.system}, commit ${report.commit}, ${threads} threads`,
    );
    await timeCommands(commands.filter(isChosen), { options, report });
    if (commands.length < chosen.size) console.error(caseTable.head());
    for (const timed of small.filter(isChosen)) await timeCase(timed, { options, report, steps: 10, folder });
    for await (const timed of eachWithWeights(large.filter(isChosen), options)) {
      await timeCase(timed, { options, report, steps: 3, folder });
    }
    if (options.json !== undefined) await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Task {
  readonly options: BenchOptions;
  readonly report: Report;
}

async function timeCommands(commands: ReturnType<typeof startupCases>, { options, report }: Task): Promise<void> {
  const table = new Table(["command", "seconds"]);
  if (commands.length > 0) console.error(table.head());
  for (const command of commands) {
    const seconds = await timeCommand(command, { runs: options.steps ?? 10, threads: options.threads });
    console.error(table.row([command.name, median(seconds)]));
    report.commands.push({ name: command.name, seconds });
  }
}

async function timeCase(
  timed: Case,
  { options, report, steps, folder }: Task & { steps: number; folder: string },
): Promise<void> {
  const { threads } = options;
  for (const precision of options.precision) {
    for (const prepack of options.prepack) {
      const how = { prepack, precision, cacheFolder: join(folder, "cache") };
      const result = await measureCase(timed, { ...how, threads, steps: options.steps ?? steps });
      console.error(caseRow(result, { threads }));
      report.cases.push(result);
    }
  }
}

function readTolerance({ tolerance = "0.1" }: { tolerance?: string | undefined }): { tolerance: number } {
  const share = Number(tolerance);
  if (share > 0 && share < 1) return { tolerance: share };
  throw new ConfigError(`Expected --tolerance to be a number between 0 and 1 but found ${tolerance}`);
}

function readFlags() {
  return parseArgs({
    options: {
      ...benchFlags,
      "real-size": { type: "boolean" },
      check: { type: "boolean" },
      record: { type: "boolean" },
      tolerance: { type: "string" },
      without: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

if (import.meta.main) {
  const { values } = readFlags();
  if (values.help) console.log(help);
  else if (values.record) await recordRatios();
  else if (values.check) {
    const without = readRewrites(values.without);
    const isFast = await checkRatios({ ...readTolerance(values), without });
    Deno.exit(isFast ? 0 : 1);
  } else await main(values);
}
