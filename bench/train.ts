/**
 * Times a step of each phase of training side by side with PyTorch: same weights, same batch, in turns, and shows that losses agree.
 *
 * `deno task bench:train --help` lists the flags; README.md says how to make the Python environment.
 * @module
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { phaseNames, readTrainingConfig } from "../train/config.ts";
import { Contender, ours } from "./contender.ts";
import { type Provenance, provenance } from "./machine.ts";
import type { StepRequest, TrainedStep } from "./measure_step.ts";
import type { PeakMemory } from "./memory.ts";
import { benchFlags, chooseNamed, readBenchOptions } from "./options.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";

const help = `deno task bench:train --python VENV/bin/python [flags]
  --config FILE          a training's configuration (default: bench/train.jsonc)
  --only a,b             only these of ${phaseNames.join(", ")}
  --steps N              timed steps after the first two (default 8)
  --threads N            default 2
  --json FILE            write all numbers
Without --python only this toolkit is timed.`;

/** Steps that are not timed: the first one takes the memory, the second still finds some of it new. */
const warmUps = 2;

/** One contender in one phase; times in seconds, memory in bytes. */
interface PhaseResult {
  readonly phase: string;
  readonly contender: string;
  readonly load: number;
  /** Floating-point operations of a step. */
  readonly flops: number;
  readonly steps: readonly TrainedStep[];
  readonly memory: PeakMemory | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

/** Loads all contenders, then lets each take a step in turn, so that whatever else the machine does falls on all of them. */
async function comparePhase(
  request: StepRequest,
  { python, steps }: { python: string | undefined; steps: number },
): Promise<PhaseResult[]> {
  await using stack = new AsyncDisposableStack();
  // This toolkit first: it writes what the peer reads.
  const contenders = [{
    name: "ours",
    contender: stack.use(await Contender.start<TrainedStep>(ours("measure_step.ts"), request)),
  }];
  if (python !== undefined) {
    const peer = fileURLToPath(new URL("peers/train.py", import.meta.url));
    contenders.push({
      name: "torch",
      contender: stack.use(await Contender.start<TrainedStep>([python, peer], request)),
    });
  }
  const taken: TrainedStep[][] = contenders.map(() => []);
  for (let i = 0; i < warmUps + steps; i++) {
    for (const [at, { contender }] of contenders.entries()) taken[at]!.push(await contender.step());
  }
  const results: PhaseResult[] = [];
  for (const [at, { name, contender }] of contenders.entries()) {
    const { load, versions } = contender.loaded;
    const { flops = 0 } = contenders[0]!.contender.loaded;
    const memory = await contender.close();
    results.push({ phase: request.phase, contender: name, load, flops, steps: taken[at]!, memory, versions });
  }
  return results;
}

const table = new Table([
  "phase, contender",
  "load s",
  "first s",
  "step s",
  "ratio",
  "busy %",
  "GFLOP/s",
  "peak MB",
  "loss 1",
  "loss n",
  "off 1",
  "off n",
]);

/** |a − b| / |b| */
function off(a: number, b: number): string {
  return (Math.abs(a - b) / Math.abs(b)).toExponential(1);
}

function row(result: PhaseResult, { ours, threads }: { ours: PhaseResult; threads: number }): string {
  const { phase, contender, load, flops, steps, memory } = result;
  const seconds = ({ steps }: PhaseResult) => median(steps.slice(warmUps).map(({ seconds }) => seconds));
  const busy = median(steps.slice(warmUps).map(({ seconds, processor }) => processor / (seconds * threads)));
  const [first, last] = [steps[0]!, steps.at(-1)!];
  return table.row([
    `${phase}, ${contender}`,
    load,
    first.seconds,
    seconds(result),
    (seconds(result) / seconds(ours)).toFixed(2),
    (100 * busy).toFixed(0),
    flops / 1e9 / seconds(result),
    memory && (memory.peak / 1e6).toFixed(0),
    first.loss.toPrecision(5),
    last.loss.toPrecision(5),
    off(first.loss, ours.steps[0]!.loss),
    off(last.loss, ours.steps.at(-1)!.loss),
  ]);
}

async function main({ python, config, ...values }: ReturnType<typeof readFlags>["values"]): Promise<void> {
  const options = readBenchOptions(values);
  const { threads, steps = 8 } = options;
  const file = config ?? fileURLToPath(new URL("train.jsonc", import.meta.url));
  const training = await readTrainingConfig(file);
  const trained = phaseNames.filter((name) => training[name]).map((name) => ({ name }));
  const results: PhaseResult[] = [];
  const report: Provenance & { threads: number; results: PhaseResult[] } = { ...await provenance(), threads, results };
  console.error(
    `${report.processor}, ${report.cores} cores, ${report.system}, commit ${report.commit}, ${threads} threads`,
  );
  console.error(table.head());
  for (const { name: phase } of chooseNamed(trained, options)) {
    const folder = await Deno.makeTempDir();
    try {
      const compared = await comparePhase({ phase, config: file, threads, folder }, { python, steps });
      for (const result of compared) console.error(row(result, { ours: compared[0]!, threads }));
      results.push(...compared);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  if (options.json !== undefined) await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

function readFlags() {
  return parseArgs({
    options: {
      only: benchFlags.only,
      steps: benchFlags.steps,
      threads: benchFlags.threads,
      json: benchFlags.json,
      python: { type: "string" },
      config: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

if (import.meta.main) {
  const { values } = readFlags();
  if (values.help) console.log(help);
  else if (values.python === undefined && values.config === undefined && Deno.args.length === 0) {
    throw new ConfigError(
      "Expected --python to name the Python of an environment with diffusers; --help lists the flags",
    );
  } else await main(values);
}
