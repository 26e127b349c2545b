/**
 * One picture of the bundled model, as a whole command: here, and as a script with diffusers, in turns.
 *
 *     deno task bench:picture --python VENV/bin/python [--program dist/wuerstchen] [--rounds 5] [--threads 2]
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.ts";
import { decodePng } from "../../images/png_decode.ts";
import { provenance } from "../machine.ts";
import { MemoryWatch } from "../memory.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";

const root = new URL("../..", import.meta.url);
const path = (file: string) => fileURLToPath(new URL(file, root));
const [prompt, seed] = ["a red apple", "7"];

/** A command that paints. */
interface Painter {
  readonly name: string;
  readonly words: readonly [string, ...string[]];
}

/** A run of one. */
interface Painted {
  readonly seconds: number;
  readonly peak: number | undefined;
}

async function paint({ name, words: [command, ...args] }: Painter): Promise<Painted> {
  const start = performance.now();
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const memory = new MemoryWatch(child.pid);
  const { success, stderr } = await child.output();
  const seconds = (performance.now() - start) / 1000;
  const peak = memory.stop()?.peak;
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  return { seconds, peak };
}

async function main(
  { python, program, rounds = "5", threads = "2" }: {
    python?: string | undefined;
    program?: string | undefined;
    rounds?: string | undefined;
    threads?: string | undefined;
  },
): Promise<void> {
  if (python === undefined) throw new ConfigError("Expected --python VENV/bin/python, with diffusers in it");
  const folder = await Deno.makeTempDir();
  const file = (name: string) => join(folder, `${name}.png`);
  const ours = (name: string) => ["generate", prompt, "-s", seed, "-o", file(name), "--force", "-q", "-t", threads];
  const script = path("bench/peers/picture.py");
  const painters: Painter[] = [
    { name: "source", words: [Deno.execPath(), "run", "-A", "--quiet", path("cli/main.ts"), ...ours("source")] },
    ...(program === undefined ? [] : [{ name: "program", words: [program, ...ours("program")] } as const]),
    { name: "diffusers", words: [python, script, path("models/emoji"), prompt, seed, file("diffusers"), threads] },
  ];
  try {
    const runs = new Map<string, Painted[]>(painters.map(({ name }) => [name, []]));
    // The first round is for caches, and does not count.
    for (let round = 0; round <= Number(rounds); round++) {
      for (const painter of painters) {
        const painted = await paint(painter);
        if (round > 0) runs.get(painter.name)!.push(painted);
      }
    }
    const { processor, cores, commit } = await provenance();
    console.log(`${processor}, ${cores} cores, commit ${commit}, ${threads} threads, medians of ${rounds}`);
    const table = new Table(["one picture, emoji", "seconds", "ratio", "peak MB", "off by"]);
    console.log(table.head());
    const first = median(runs.get("source")!.map(({ seconds }) => seconds));
    const reference = decodePng(await Deno.readFile(file("source"))).data;
    for (const [name, own] of runs) {
      const seconds = median(own.map(({ seconds }) => seconds));
      const peak = Math.max(...own.map(({ peak }) => peak ?? NaN)) / 1e6;
      const { data } = decodePng(await Deno.readFile(file(name)));
      const off = data.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i]!)), 0);
      console.log(table.row([name, seconds, (seconds / first).toFixed(2), peak.toFixed(0), `${off} of 255`]));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  await main(parseArgs({ options: { python: text, program: text, rounds: text, threads: text } }).values);
}
