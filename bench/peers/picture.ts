/**
 * One picture as a whole command: here, and as a script with diffusers, of the bundled model or at the published sizes.
 *
 * `deno task bench:picture --help` lists the flags; ../README.md says how to make the Python environment.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.ts";
import { readJson } from "../../weights/read_json.ts";
import { publishedCheckpoints } from "../cases.ts";
import { provenance } from "../machine.ts";
import { benchFlags, type BenchOptions, readBenchOptions } from "../options.ts";
import { writePublishedModel } from "../published_model.ts";
import { writeCheckpoints } from "../weights_folder.ts";
import {
  diffusersAs,
  oursAs,
  paint,
  type Painted,
  type Painter,
  painterRows,
  type PainterRuns,
  type Picture,
} from "./painter.ts";
import { quantizeModel } from "./quantize_model.ts";

const help = `deno task bench:picture --python VENV/bin/python [flags]
  --python FILE          diffusers, in the environment of this Python
  --bf16                 also diffusers in bfloat16
  --program FILE         also the compiled program, with the bundled model
  --rounds N             pictures of each, after one that does not count (default 5; with --real-size 1)
  --threads N            default 2
  --real-size            in place of the bundled model: 1024 px at the published sizes, with random weights, in fp32 and int8 (16 GB of
                         disk, 16 GB of memory)
  --steps N              with --real-size: steps of Stage C, and of Stage B (default 2)
  --weights-folder DIR   where random weights go (default: in the system's temporary folder)
  --keep                 leave them there for the next run`;

const task = { prompt: "a red apple", seed: 7 };

/** Who paints what: with a model of its own where weights were made anew. */
type Entry = Painter & { readonly picture: Omit<Picture, "output"> };

/** Each paints in turn; the first round is for caches, and does not count. */
async function paintInTurns(
  entries: readonly Entry[],
  { rounds, folder, warmUp }: { rounds: number; folder: string; warmUp: Partial<Picture> },
): Promise<PainterRuns[]> {
  const painters = entries.map((entry) => ({ entry, runs: [] as Painted[] }));
  const outputOf = ({ name }: Entry) => join(folder, `${name}.png`);
  for (let round = 0; round <= rounds; round++) {
    for (const { entry, runs } of painters) {
      const picture = { ...entry.picture, output: outputOf(entry) };
      const painted = await paint(entry, round === 0 ? { ...picture, ...warmUp } : picture);
      console.error(`${entry.name}${round === 0 ? ", for caches" : ""}: ${painted.seconds.toFixed(1)} s`);
      if (round > 0) runs.push(painted);
    }
  }
  return painters.map(({ entry, runs }) => ({ name: entry.name, runs, output: outputOf(entry) }));
}

async function bundledModel({ threads, peers, program, rounds = 5, folder }: Run): Promise<string[]> {
  const model = fileURLToPath(new URL("../../models/emoji", import.meta.url));
  const own = await readJson(join(model, "prior", "wuerstchen.json")) as Record<string, number>;
  const picture = {
    ...task,
    model,
    side: own["width"]!,
    steps: { prior: own["prior_steps"]!, decoder: own["decoder_steps"]! },
    guidance: { prior: own["prior_guidance"]!, decoder: own["decoder_guidance"]! },
    threads,
  };
  const painters = [oursAs("source"), ...program === undefined ? [] : [oursAs("program", { program })], ...peers];
  const entries = painters.map((painter) => ({ ...painter, picture }));
  return painterRows("one picture, emoji", await paintInTurns(entries, { rounds, folder, warmUp: {} }));
}

async function realSize({ options, threads, peers, rounds = 1, folder }: Run): Promise<string[]> {
  const { weightsFolder, keep, steps = 2 } = options;
  const checkpoints = publishedCheckpoints(weightsFolder);
  await using _weights = await writeCheckpoints(Object.values(checkpoints), { keep });
  const model = join(weightsFolder, "model");
  await writePublishedModel(model, checkpoints);
  await using int8 = await quantizeModel(model, { to: join(weightsFolder, "model-int8"), threads, keep });
  const picture = {
    ...task,
    model,
    side: 1024,
    steps: { prior: steps, decoder: steps },
    guidance: { prior: 4, decoder: 0 },
    threads,
  };
  const entries = [
    { ...oursAs("fp32"), picture },
    { ...oursAs("int8"), picture: { ...picture, model: int8.folder } },
    ...peers.map((painter) => ({ ...painter, picture })),
  ];
  // The smallest picture reads all files, which the system's cache may keep, and has their hashes taken.
  const warmUp = { side: 128, steps: { prior: 1, decoder: 1 } };
  return painterRows("one picture, 1024 px", await paintInTurns(entries, { rounds, folder, warmUp }));
}

/** What both kinds of a run are told. */
interface Run {
  readonly options: BenchOptions;
  readonly threads: number;
  readonly peers: readonly Painter[];
  readonly program?: string | undefined;
  readonly rounds?: number | undefined;
  /** For pictures. */
  readonly folder: string;
}

async function main(
  { python, bf16 = false, program, rounds, "real-size": isReal = false, ...values }: ReturnType<
    typeof readFlags
  >["values"],
): Promise<void> {
  if (python === undefined) throw new ConfigError("Expected --python VENV/bin/python, with diffusers in it");
  const options = readBenchOptions(values);
  const { threads } = options;
  const { processor, cores, commit } = await provenance();
  console.log(`${processor}, ${cores} cores, commit ${commit}, ${threads} threads`);
  const folder = await Deno.makeTempDir();
  try {
    const lines = await (isReal ? realSize : bundledModel)({
      options,
      threads,
      peers: [diffusersAs("diffusers", { python }), ...bf16 ? [diffusersAs("diffusers bf16", { python, bf16 })] : []],
      program,
      rounds: rounds === undefined ? undefined : Number(rounds),
      folder,
    });
    for (const line of lines) console.log(line);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function readFlags() {
  const { steps, threads, "weights-folder": weightsFolder, keep } = benchFlags;
  return parseArgs({
    options: {
      steps,
      threads,
      "weights-folder": weightsFolder,
      keep,
      python: { type: "string" },
      bf16: { type: "boolean" },
      program: { type: "string" },
      rounds: { type: "string" },
      "real-size": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
}

if (import.meta.main) {
  const { values } = readFlags();
  if (values.help) console.log(help);
  else await main(values);
}
