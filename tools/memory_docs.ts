/**
 * Forecasts the memory of pictures of the bundled model and of the published sizes in every precision, and writes what fits where into
 * docs/devices.md.
 *
 * Run with `deno task memory-docs`. Nothing is loaded: of the published sizes there need be no weights.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Parameters, parametersOf } from "../bench/networks.ts";
import { smallestTile } from "../pipeline/decode_picture.ts";
import { forecastMemory, formatBytes } from "../pipeline/forecast.ts";
import type { ModelParts } from "../pipeline/parts.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { planSizes, type SizePlan } from "../pipeline/plan.ts";
import { latentRules, usualSides } from "../pipeline/size_rules.ts";
import type { PlannedSizes } from "../pipeline/stage_networks.ts";
import { AutoencoderStage } from "../stages/autoencoder.ts";
import { DecoderStage } from "../stages/decoder.ts";
import { PriorStage } from "../stages/prior.ts";
import { wuerstchenV2 } from "../stages/published_configs.ts";
import { TextEncoderStage } from "../stages/text_encoder.ts";
import type { TextTokenizer } from "../text/text_tokenizer.ts";
import { bytesOf, sizeOf } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { type Precision, precisions } from "../weights/precision.ts";
import { betweenMarks, markdownTable } from "./markdown.ts";

const file = join(fileURLToPath(new URL("..", import.meta.url)), "docs", "devices.md");

/** What the table stands between. */
export const marks = ["<!-- table: deno task memory-docs -->", "<!-- end of table -->"] as const;

/** Memories that something is to fit into, in bytes. */
const rooms = [2e9, 4e9, 8e9];

/** Side in pixels of the tiles that Stage A is tried in. */
const tile = 512;

/** Stage C is guided and Stage B is not, as both models paint where nothing else is said. */
const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };

/** A picture, and a model that can be opened in any precision. */
export interface MemoryCase {
  readonly name: string;
  readonly plan: SizePlan;
  readonly open: (precision: Precision) => Promise<ModelParts>;
}

/** A checkpoint of which only the shapes are known. */
function checkpointOf(parameters: Parameters): Checkpoint {
  const tensors = [...parameters].map(([key, shape]) => {
    return [key, { dtype: "float32", shape, file: "/published", start: 0, length: 4 * sizeOf(shape) }] as const;
  });
  return {
    folder: "/published",
    variant: undefined,
    tensors: new Map(tensors),
    files: [],
    metadata: {},
    isOriginal: false,
    bytes: tensors.reduce((sum, [, { dtype, shape }]) => sum + bytesOf(dtype) * sizeOf(shape), 0),
    read: () => Promise.reject(new Error("Expected only shapes to be asked for")),
    checkUnchanged: () => Promise.resolve(),
  };
}

/** Würstchen v2 without its files. */
function publishedParts(precision: Precision): ModelParts {
  const { priorText, prior, decoderText, decoder, vqgan, tokens } = wuerstchenV2;
  const options = { precision };
  const text = (config: typeof priorText, maxLength: number) => {
    // Of the tokenizer only the number of tokens is asked for.
    const tokenizer = { maxLength } as TextTokenizer;
    return new TextEncoderStage({ config, tokenizer }, checkpointOf(parametersOf("CLIPTextModel", config)), options);
  };
  const parts = {
    prior: {
      text: text(priorText, tokens.prior),
      stage: new PriorStage(prior, checkpointOf(parametersOf("WuerstchenPrior", prior)), options),
    },
    decoder: {
      text: text(decoderText, tokens.decoder),
      stage: new DecoderStage(decoder, checkpointOf(parametersOf("WuerstchenDiffNeXt", decoder)), options),
      autoencoder: new AutoencoderStage(vqgan, checkpointOf(parametersOf("PaellaVQModel", vqgan)), options),
    },
    loras: [],
  };
  return parts as unknown as ModelParts;
}

/** The pictures of the table. */
export async function memoryCases(): Promise<MemoryCase[]> {
  const open = (precision: Precision) => loadPipeline("emoji", { precision, hashWeights: false });
  const { rules, defaults } = await open("fp32");
  const scales = { resolutionMultiple: 42.67, latentDimScale: 10.67 };
  const published = { ...scales, ...latentRules(wuerstchenV2), minSide: usualSides.min, maxSide: usualSides.max };
  return [
    {
      name: `\`emoji\`, ${defaults.width} × ${defaults.height} px`,
      plan: planSizes(defaults, rules),
      open: async (precision) => (await open(precision)).parts,
    },
    ...[512, 1024].map((side) => ({
      name: `Würstchen v2, ${side} × ${side} px`,
      plan: planSizes({ width: side, height: side }, published),
      open: (precision: Precision) => Promise.resolve(publishedParts(precision)),
    })),
  ];
}

/** Peaks of a picture in one precision, in bytes: as it is, and with Stage A in tiles where that is less. */
export interface Peaks {
  readonly precision: Precision;
  readonly whole: number;
  readonly tiled: number;
}

/** The most exact way that fits, in words; a dash where none does. */
export function fitting(peaks: readonly Peaks[], room: number): string {
  for (const { precision, whole, tiled } of peaks) {
    if (whole <= room) return precision;
    if (tiled <= room) return `${precision}, tiles`;
  }
  return "–";
}

async function peaksOf({ plan, open }: MemoryCase): Promise<Peaks[]> {
  const all: Peaks[] = [];
  for (const precision of precisions) {
    const parts = await open(precision);
    const peak = (plan: PlannedSizes) => forecastMemory(parts, plan, { batches }).peak;
    const whole = peak(plan);
    const { height, width } = plan.decoded;
    const hasTiles = Math.max(height, width) > tile && (smallestTile(parts.decoder.autoencoder) ?? Infinity) <= tile;
    all.push({ precision, whole, tiled: hasTiles ? peak({ ...plan, tile }) : whole });
  }
  return all;
}

/** The table. */
export async function memoryTable(): Promise<string> {
  const rows: string[][] = [];
  for (const each of await memoryCases()) {
    const peaks = await peaksOf(each);
    const sizes = peaks.map(({ whole }) => formatBytes(whole));
    rows.push([each.name, ...sizes, ...rooms.map((room) => fitting(peaks, room))]);
  }
  return markdownTable(["", ...precisions, ...rooms.map((room) => `in ${formatBytes(room)}`)], rows);
}

if (import.meta.main) {
  await Deno.writeTextFile(file, betweenMarks(await Deno.readTextFile(file), await memoryTable(), marks));
}
