/**
 * What `wuerstchen verify` does.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { type Drift, type NetworkDrift, verifyModel } from "../pipeline/verify_model.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { formatPsnr } from "./_psnr.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal } from "./_terminal.ts";
import type { VerifyFlags } from "./verify.ts";

/** Painted where no prompt is given. */
const usualPrompts = [
  "a red apple on a blue background",
  "a fox",
  "cherries on a yellow background",
  "a sunflower on a white background",
];

/**
 * Measures, and prints what was found.
 *
 * @throws {ConfigError | CheckpointError} see {@linkcode verifyModel}
 */
export async function runVerify(model: string, flags: VerifyFlags): Promise<void> {
  const { precision, prompt = usualPrompts, seed, variant, threads, json, quiet, layers } = flags;
  if (precision === "auto" || precision === "fp32") {
    throw new ConfigError(`Expected --precision to be int8, int4 or fp16 but found ${precision}`);
  }
  const terminal = openTerminal("stderr");
  using interruption = watchInterruption();
  const { signal } = interruption;
  using downloads = await watchDownloads({ terminal, quiet, signal });
  const { width, height, priorSteps, decoderSteps } = flags;
  const drift = await verifyModel(model, {
    precision,
    prompts: prompt,
    seed,
    sampling: { width, height, priorSteps, decoderSteps, signal },
    load: { variant, threads, hub: downloads.hub },
    onPicture: quiet ? undefined : (done, total) => terminal.write(`picture ${done} of ${total}\n`),
  });
  if (json) writeOut(`${JSON.stringify({ model, precision, ...drift }, null, 2)}\n`);
  else writeOut(formatDrift(drift, { layers }));
}

/** Writes a drift as lines: a network with its worst layers, then the pictures. */
export function formatDrift({ networks, pictures }: Drift, { layers }: { layers: number }): string {
  const psnrs = pictures.map(({ psnr }) => psnr).sort((a, b) => a - b);
  const lines = [
    ...networks.flatMap((network) => networkLines(network, { layers })),
    ...pictures.map(({ prompt, seed, psnr }) => `${formatPsnr(psnr)}  ${prompt} (seed ${seed})`),
    `pictures: ${formatPsnr(median(psnrs))} in the median, ${formatPsnr(psnrs[0]!)} at worst`,
  ];
  return `${lines.join("\n")}\n`;
}

function networkLines({ network, precision, layers: all }: NetworkDrift, { layers }: { layers: number }): string[] {
  if (all.length === 0) return [`${network}: ${precision}`];
  const percent = (error: number) => `${(100 * error).toFixed(2)} %`;
  const middle = median(all.map(({ error }) => error).toReversed());
  return [
    `${network}: ${precision}, ${all.length} layers off by ${percent(middle)} in the median`,
    ...all.slice(0, layers).map(({ layer, error }) => `  ${percent(error)}  ${layer}`),
  ];
}

/** Of numbers in rising order. */
function median(sorted: readonly number[]): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
