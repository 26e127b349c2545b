/**
 * Sets the memory that is forecast for a picture of the bundled model against what a process then takes.
 *
 * Run with `deno task bench:memory`; it needs Linux, and no quiet machine.
 * @module
 */
import { parseArgs } from "node:util";
import { provenance } from "./machine.ts";
import { type MeasuredMemory, type MeasuredPicture, measurePicture } from "./measure_picture.ts";
import { Table } from "./table.ts";

/** One picture of the table. */
export interface ForecastCase {
  readonly name: string;
  readonly picture: MeasuredPicture;
}

/** Sizes in every precision; then tiles and a draw of several. */
export function forecastCases(cacheFolder: string): ForecastCase[] {
  const precisions = ["fp32", "fp16", "int8", "int4"] as const;
  const sizes = [128, 512].flatMap((side) =>
    precisions.map((precision) => ({
      name: `${side} px, ${precision}`,
      picture: precision === "fp32" ? { side } : { side, precision, cacheFolder },
    }))
  );
  return [
    ...sizes,
    { name: "512 px, tiles of 256", picture: { side: 512, tile: 256 } },
    { name: "128 px, a draw of 8", picture: { side: 128, count: 8 } },
  ];
}

const table = new Table(["picture", "own MB", "forecast", "peak MB", "forecast", "ratio"]);

/** A line of the table. */
export function forecastRow({ name }: ForecastCase, { forecast, own, peak }: MeasuredMemory): string {
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  return table.row([
    name,
    megabytes(own),
    megabytes(forecast.own),
    megabytes(peak),
    megabytes(forecast.peak),
    (forecast.peak / peak).toFixed(2),
  ]);
}

async function main({ only, json }: { only?: string | undefined; json?: string | undefined }): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const results: (ForecastCase & MeasuredMemory)[] = [];
    const report = { ...await provenance(), results };
    console.log(table.head());
    for (const wanted of forecastCases(folder)) {
      if (only !== undefined && !wanted.name.includes(only)) continue;
      // Weights in fewer bits are made by a run of their own, whose memory is another one.
      if (wanted.picture.cacheFolder !== undefined) await measurePicture(wanted.picture);
      const measured = await measurePicture(wanted.picture);
      console.log(forecastRow(wanted, measured));
      results.push({ ...wanted, ...measured });
    }
    if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  await main(parseArgs({ options: { only: { type: "string" }, json: { type: "string" } } }).values);
}
