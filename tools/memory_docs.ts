/**
 * Forecasts the memory of pictures of the bundled model and of the published sizes in every precision, and writes what fits where into
 * docs/devices.md.
 *
 * Run with `deno task memory-docs`. Nothing is loaded: of the published sizes there need be no weights.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseDevices } from "../pipeline/devices.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { findModel } from "../pipeline/model.ts";
import { openParts } from "../pipeline/parts.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { planSizes, type SizePlan } from "../pipeline/plan.ts";
import { publishedParts, publishedRules } from "../pipeline/published_parts.ts";
import { describeFitting, fitting, type OpenInPrecision, peaksOf, rooms } from "../pipeline/what_fits.ts";
import { precisions } from "../weights/precision.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "devices.md");

/** What the table stands between. */
export const marks = ["<!-- table: deno task memory-docs -->", "<!-- end of table -->"] as const;

/** Stage C is guided and Stage B is not, as both models paint where nothing else is said. */
const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };

/** A picture, and a model that can be opened in any precision. */
export interface MemoryCase {
  readonly name: string;
  readonly plan: SizePlan;
  readonly open: OpenInPrecision;
}

/** The pictures of the table, each on the processor and on a card. */
export async function memoryCases(): Promise<MemoryCase[]> {
  const emoji = await findModel("emoji");
  const { rules, defaults } = await loadPipeline("emoji", { hashWeights: false });
  const cases: MemoryCase[] = [];
  for (const device of ["cpu", "cuda"] as const) {
    const { networks: devices } = await chooseDevices(device, { isElsewhere: true });
    const where = device === "cpu" ? "" : `, ${device}`;
    cases.push({
      name: `\`emoji\`, ${defaults.width} × ${defaults.height} px${where}`,
      plan: planSizes(defaults, rules),
      open: (precision) => openParts(emoji, {}, { precision, devices }),
    });
    for (const side of [512, 1024]) {
      cases.push({
        name: `Würstchen v2, ${side} × ${side} px${where}`,
        plan: planSizes({ width: side, height: side }, publishedRules),
        open: (precision) => Promise.resolve(publishedParts({ precision, devices })),
      });
    }
  }
  return cases;
}

/** The table. */
export async function memoryTable(): Promise<string> {
  const rows: string[][] = [];
  for (const { name, plan, open } of await memoryCases()) {
    const peaks = await peaksOf(open, plan, { batches });
    const sizes = precisions.map((precision) => {
      const found = peaks.find((each) => each.precision === precision);
      return found ? formatBytes(found.whole) : "–";
    });
    rows.push([name, ...sizes, ...rooms.map((room) => describeFitting(fitting(peaks, room)))]);
  }
  return markdownTable(["", ...precisions, ...rooms.map((room) => `in ${formatBytes(room)}`)], rows);
}

if (import.meta.main) {
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), await memoryTable(), marks));
}
