/**
 * Whole commands that paint one picture, here and with diffusers: what they are, and what one took.
 * @module
 */
import { fileURLToPath } from "node:url";
import { decodePng } from "../../images/png_decode.ts";
import { MemoryWatch, type PeakMemory } from "../memory.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** What is painted, and how. */
export interface Picture {
  /** Folder or name of a model. */
  readonly model: string;
  readonly prompt: string;
  readonly seed: number;
  /** Its sides in pixels. */
  readonly side: number;
  readonly steps: { readonly prior: number; readonly decoder: number };
  readonly guidance: { readonly prior: number; readonly decoder: number };
  readonly threads: number;
  /** The file that is written. */
  readonly output: string;
}

/** A command that paints. */
export interface Painter {
  readonly name: string;
  readonly words: (picture: Picture) => readonly [string, ...string[]];
}

/** A run of one. */
export interface Painted {
  readonly seconds: number;
  readonly memory: PeakMemory | undefined;
}

/** This toolkit's command line from its source, or a compiled `program`. */
export function oursAs(name: string, { program }: { program?: string | undefined } = {}): Painter {
  const command: readonly [string, ...string[]] = program === undefined
    ? [Deno.execPath(), "run", "-A", "--quiet", path("cli/main.ts")]
    : [program];
  return {
    name,
    words: ({ model, prompt, seed, side, steps, guidance, threads, output }) => {
      const settings = {
        model,
        seed,
        width: side,
        height: side,
        "prior-steps": steps.prior,
        "decoder-steps": steps.decoder,
        "prior-guidance": guidance.prior,
        "decoder-guidance": guidance.decoder,
        threads,
        output,
      };
      const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
      return [...command, "generate", prompt, ...flags, "--force", "--quiet"];
    },
  };
}

/** `picture.py`, a script with diffusers. */
export function diffusersAs(name: string, { python, bf16 = false }: { python: string; bf16?: boolean }): Painter {
  return { name, words: (picture) => [python, path("bench/peers/picture.py"), JSON.stringify({ ...picture, bf16 })] };
}

/**
 * Runs a command from its start to its end, watched from outside.
 *
 * @throws {Error} where it fails, with the last line that it said
 */
export async function paint({ name, words }: Painter, picture: Picture): Promise<Painted> {
  const [command, ...args] = words(picture);
  const start = performance.now();
  const child = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const watch = new MemoryWatch(child.pid);
  const { success, stderr } = await child.output();
  const seconds = (performance.now() - start) / 1000;
  const memory = watch.stop();
  if (!success) throw new Error(`${name}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  return { seconds, memory };
}

/** What a painter took in all its runs, and the file of the last. */
export interface PainterRuns {
  readonly name: string;
  readonly runs: readonly Painted[];
  readonly output: string;
}

/** Columns of {@linkcode painterRows} after the name. */
const columns = ["seconds", "ratio", "peak MB", "share", "own MB", "file MB", "off by"];

/**
 * A heading, and a line for each painter: medians of its seconds, how many times as long as the first it takes, its peak, that as a share of
 * diffusers' in fp32 (the row named `diffusers`), and by how much its picture is off the first one's.
 */
export async function painterRows(title: string, painters: readonly PainterRuns[]): Promise<string[]> {
  const table = new Table([title, ...columns]);
  const secondsOf = ({ runs }: PainterRuns) => median(runs.map(({ seconds }) => seconds));
  const most = ({ runs }: PainterRuns, part: keyof PeakMemory) =>
    Math.max(...runs.map(({ memory }) => memory?.[part] ?? NaN));
  const first = painters[0]!;
  const peer = painters.find(({ name }) => name === "diffusers");
  const reference = decodePng(await Deno.readFile(first.output)).data;
  const lines = await Promise.all(painters.map(async (painter) => {
    const { data } = decodePng(await Deno.readFile(painter.output));
    const off = data.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i]!)), 0);
    return table.row([
      painter.name,
      secondsOf(painter),
      (secondsOf(painter) / secondsOf(first)).toFixed(2),
      (most(painter, "peak") / 1e6).toFixed(0),
      peer && (most(painter, "peak") / most(peer, "peak")).toFixed(3),
      (most(painter, "anonymous") / 1e6).toFixed(0),
      (most(painter, "file") / 1e6).toFixed(0),
      `${off} of 255`,
    ]);
  }));
  return [table.head(), ...lines];
}
