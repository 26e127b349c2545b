/**
 * Downloads the same files here and with Python's huggingface_hub from a hub on the loopback, in turns, and prints the ratios.
 * @module
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../errors.ts";
import { provenance } from "../machine.ts";
import { MemoryWatch } from "../memory.ts";
import { median } from "../statistics.ts";
import { Table } from "../table.ts";
import { writeFiles } from "./files.ts";

const help = `deno task bench:hub --python VENV/bin/python [flags]
  --large-bytes N    size of the large file (default 2000000000)
  --small-files N    number of small ones (default 200)
  --small-bytes N    size of each of them (default 20000)
  --rounds N         downloads by each contender (default 3)
  --line-mbit N      what the hub's line carries a second (default: as much as the machine does)
  --json FILE        write all numbers`;

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** A download by one contender. */
interface Download {
  readonly contender: string;
  readonly files: string;
  readonly seconds: number;
  /** Peak memory in bytes; unknown where the system does not tell. */
  readonly peak: number | undefined;
}

/**
 * Takes memory and gives it back: a virtual machine finds pages quickly for a while that its host has just given it, and any others ten
 * times as slowly, which would hide everything else.
 */
async function readyMemory(python: string, bytes: number): Promise<void> {
  const { success } = await new Deno.Command(python, { args: ["-c", `b"1" * ${bytes}`] }).output();
  if (!success) throw new Error(`Expected ${bytes} bytes of memory to be free`);
}

async function download(
  [command, ...args]: readonly [string, ...string[]],
  { contender, files, endpoint }: { contender: string; files: string; endpoint: string },
): Promise<Download> {
  const home = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(command, {
      args: [...args, files],
      env: { HF_ENDPOINT: endpoint, HF_HOME: home, HF_HUB_DISABLE_PROGRESS_BARS: "1", HF_HUB_DISABLE_XET: "1" },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const memory = new MemoryWatch(child.pid);
    const { value } = await child.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    const peak = memory.stop()?.peak;
    const { success } = await child.status;
    if (!success || value === undefined) throw new Error(`${contender}: the download failed`);
    return { contender, files, seconds: JSON.parse(value).seconds, peak };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function main(values: ReturnType<typeof readFlags>["values"]): Promise<void> {
  if (values.python === undefined) {
    throw new ConfigError("Expected --python VENV/bin/python, with huggingface_hub in it");
  }
  const count = (name: "large-bytes" | "small-files" | "small-bytes" | "rounds", otherwise: number) =>
    Number(values[name] ?? otherwise);
  const sizes = {
    largeBytes: count("large-bytes", 2e9),
    smallFiles: count("small-files", 200),
    smallBytes: count("small-bytes", 20_000),
  };
  const machine = await provenance();
  console.error(`${machine.processor}, ${machine.cores} cores, ${machine.system}, commit ${machine.commit}`);
  const folder = await Deno.makeTempDir();
  await writeFiles(folder, sizes);
  const server = new Deno.Command(values.python, {
    args: [here("./server.py"), folder, ...(values["line-mbit"] === undefined ? [] : [values["line-mbit"]])],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  try {
    const { value } = await server.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
    const endpoint = value!.trim();
    const contenders: [string, [string, ...string[]]][] = [
      ["here", [Deno.execPath(), "run", "-A", here("./pull.ts")]],
      ["huggingface_hub", [values.python, here("./pull.py")]],
      ["huggingface_hub, then hashes", [values.python, here("./pull.py"), "--verify"]],
    ];
    const downloads: Download[] = [];
    for (const files of ["large", "small"]) {
      for (let round = 0; round < count("rounds", 3); round++) {
        for (const [contender, command] of contenders) {
          if (files === "large") await readyMemory(values.python, 2 * sizes.largeBytes);
          downloads.push(await download(command, { contender, files, endpoint }));
        }
      }
    }
    const bytes: Readonly<Record<string, number>> = {
      large: sizes.largeBytes,
      small: sizes.smallFiles * sizes.smallBytes,
    };
    const table = new Table(["files, contender", "seconds", "ratio", "MB/s", "peak MB"]);
    console.error(table.head());
    for (const files of ["large", "small"]) {
      const of = (name: string) => downloads.filter(({ files: own, contender }) => own === files && contender === name);
      const took = (name: string) => median(of(name).map(({ seconds }) => seconds));
      const ours = took(contenders[0]![0]);
      for (const [name] of contenders) {
        const peak = Math.max(...of(name).map(({ peak }) => peak ?? NaN)) / 1e6;
        const seconds = took(name);
        const ratio = (seconds / ours).toFixed(2);
        console.error(table.row([`${files}, ${name}`, seconds, ratio, bytes[files]! / seconds / 1e6, peak]));
      }
    }
    if (values.json !== undefined) {
      await Deno.writeTextFile(values.json, `${JSON.stringify({ ...machine, sizes, downloads }, null, 2)}\n`);
    }
  } finally {
    server.kill();
    await server.status;
    await Deno.remove(folder, { recursive: true });
  }
}

function readFlags() {
  const text = { type: "string" } as const;
  return parseArgs({
    options: {
      python: text,
      "large-bytes": text,
      "small-files": text,
      "small-bytes": text,
      rounds: text,
      "line-mbit": text,
      json: text,
      help: { type: "boolean" },
    },
  });
}

if (import.meta.main) {
  const { values } = readFlags();
  if (values.help) console.log(help);
  else await main(values);
}
