/**
 * How cost grows with pixels, pictures of a draw, steps, prompts and threads: a table and an SVG.
 *
 * Run with `deno task bench:growth --out FOLDER`, on a machine that does nothing else; some ten minutes on two cores.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ConfigError } from "../errors.ts";
import { growthChart, type GrowthSeries } from "./growth_chart.ts";
import { provenance } from "./machine.ts";
import { type MeasuredPicture, measurePicture } from "./measure_picture.ts";
import { Table } from "./table.ts";

/** What grows in a series, and what is painted for each of its values. */
interface Growing {
  readonly name: string;
  readonly values: readonly number[];
  picture(value: number): MeasuredPicture;
}

/** Every series, by the word that chooses it. */
export function growing(cores: number): Readonly<Record<string, Growing>> {
  const powers = (from: number, to: number) => {
    return Array.from({ length: Math.floor(Math.log2(to / from)) + 1 }, (_, i) => from * 2 ** i);
  };
  return {
    pixels: {
      name: "megapixels, 512 to 2048 px a side",
      values: [512, 768, 1024, 1536, 2048].map((side) => side * side / 1e6),
      picture: (value) => ({ side: Math.round(Math.sqrt(value * 1e6)) }),
    },
    batch: {
      name: "pictures of a draw",
      values: powers(1, 16),
      picture: (count) => ({ side: 128, count, draws: 3 }),
    },
    steps: {
      name: "steps of Stages C and B",
      values: powers(4, 64),
      picture: (steps) => ({ side: 128, steps, draws: 3 }),
    },
    prompts: {
      name: "prompts of a draw",
      values: powers(1, 16),
      picture: (prompts) => ({ side: 128, prompts, draws: 3 }),
    },
    threads: {
      name: "threads",
      values: powers(1, Math.max(1, cores)),
      picture: (threads) => ({ side: 512, threads, draws: 2 }),
    },
  };
}

const table = new Table(["what grows", "value", "seconds", "each", "peak MB"]);

async function main({ only, out }: { only?: string | undefined; out?: string | undefined }): Promise<void> {
  if (out === undefined) {
    throw new ConfigError("Expected --out to name a folder for growth.svg, growth.md and growth.json");
  }
  const all = growing(navigator.hardwareConcurrency);
  const words = only?.split(",") ?? Object.keys(all);
  const unknown = words.find((word) => all[word] === undefined);
  if (unknown !== undefined) {
    throw new ConfigError(`Expected --only to name some of ${Object.keys(all).join(", ")} but found ${unknown}`);
  }
  await Deno.mkdir(out, { recursive: true });
  const series: GrowthSeries[] = [];
  const lines = ["| what grows | value | seconds | seconds of each | peak |", "| --- | --: | --: | --: | --: |"];
  console.log(table.head());
  for (const word of words) {
    const { name, values, picture } = all[word]!;
    const points = [];
    for (const x of values) {
      const { seconds, peak } = await measurePicture(picture(x));
      const cells = [name, x, seconds, seconds / x, (peak / 1e6).toFixed(0)] as const;
      console.log(table.row(cells));
      lines.push(
        `| ${name} | ${Number(x.toPrecision(3))} | ${seconds.toPrecision(3)} | ${(seconds / x).toPrecision(3)} | ${
          cells[4]
        } MB |`,
      );
      points.push({ x, seconds, peak });
    }
    series.push({ name, points });
  }
  const report = { ...await provenance(), series };
  await Deno.writeTextFile(join(out, "growth.json"), `${JSON.stringify(report, null, 2)}\n`);
  await Deno.writeTextFile(join(out, "growth.md"), `${lines.join("\n")}\n`);
  await Deno.writeTextFile(join(out, "growth.svg"), growthChart(series));
}

if (import.meta.main) {
  await main(parseArgs({ options: { only: { type: "string" }, out: { type: "string" } } }).values);
}
