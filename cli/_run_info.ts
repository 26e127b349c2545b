/**
 * What `wuerstchen info` does.
 * @module
 */
import type { PictureMetadata } from "../pipeline/metadata.ts";
import { describePreset, presetNames, presets } from "../pipeline/presets.ts";
import { oneLine } from "./_errors.ts";
import { formatPsnr } from "./_psnr.ts";
import { type PictureFile, readPicture } from "./_picture_file.ts";
import { shellPath } from "../config/shell_quote.ts";
import { writeOut } from "./_stdout.ts";

/**
 * Prints what a picture says about itself.
 *
 * @throws {CheckpointError} where it is missing, no picture or damaged
 */
export async function runInfo(path: string, { json }: { json: boolean }): Promise<void> {
  const picture = await readPicture(path);
  writeOut(json ? `${JSON.stringify(picture, null, 2)}\n` : formatInfo(picture));
}

/** Prints what the presets stand for. */
export function runPresets({ json }: { json: boolean }): void {
  const lines = presetNames.map((name) => `${name.padEnd(8)}  ${describePreset(name)}\n`);
  writeOut(json ? `${JSON.stringify(presets, null, 2)}\n` : lines.join(""));
}

/** The facts of a picture as lines for people. */
export function formatInfo(picture: PictureFile): string {
  const { path, format, width, height, size, parameters, metadata } = picture;
  const lines = [`${oneLine(path)}: ${format.toUpperCase()}, ${width}×${height} px, ${size} bytes`];
  if (metadata) {
    lines.push(...settingLines(metadata));
    if (!metadata.reconstruction) lines.push(`paint it again with: wuerstchen generate -C ${oneLine(shellPath(path))}`);
  } else if (parameters !== undefined) {
    lines.push("painted by another program:", ...parameters.split(/\r?\n/).map(oneLine));
  } else lines.push("it does not say how it was painted");
  return `${lines.join("\n")}\n`;
}

function settingLines(metadata: PictureMetadata): string[] {
  const { options, model, version, runtime, threads, index, inputs, reconstruction } = metadata;
  const { prompt, negativePrompt, priorTimesteps, decoderTimesteps } = options;
  const text = (value: string | number | readonly (string | number)[]) => oneLine([value].flat().join(" | "));
  const facts: [string, string | undefined][] = [
    ["prompt", text(prompt)],
    ["Stage C prompt", options.priorPrompt && text(options.priorPrompt)],
    ["Stage B prompt", options.decoderPrompt && text(options.decoderPrompt)],
    ["negative prompt", text(negativePrompt) || undefined],
    ["Stage C negative prompt", options.priorNegativePrompt && text(options.priorNegativePrompt)],
    ["Stage B negative prompt", options.decoderNegativePrompt && text(options.decoderNegativePrompt)],
    ["seed", text(options.seed)],
    ["decoder seed", options.decoderSeed === undefined ? undefined : text(options.decoderSeed)],
    ["size", `${options.width}×${options.height} px`],
    [
      "pictures per prompt",
      options.imagesPerPrompt > 1 ? `${options.imagesPerPrompt}, this is number ${index}` : undefined,
    ],
    ["noise of picture", options.imageIndex === undefined ? undefined : text(options.imageIndex)],
    ["Stage C", `${options.priorSteps} steps, guidance ${options.priorGuidance}`],
    ["Stage C sampler", options.priorScheduler && text(options.priorScheduler.name)],
    ["Stage C timesteps", priorTimesteps && text(priorTimesteps)],
    ["Stage B", `${options.decoderSteps} steps, guidance ${options.decoderGuidance}`],
    ["Stage B sampler", options.decoderScheduler && text(options.decoderScheduler.name)],
    ["Stage B timesteps", decoderTimesteps && text(decoderTimesteps)],
    ["generator", options.rng],
    ["model", oneLine(model.name)],
    ["prior from", model.prior && oneLine(model.prior)],
    ["variant", model.variant && oneLine(model.variant)],
    ["decoder from", model.decoder && oneLine(model.decoder)],
    ...Object.entries(model.weights).map(([name, hash]): [string, string] => [`  ${oneLine(name)}`, oneLine(hash)]),
    ...(model.loras ?? []).flatMap(({ name, scale, hash }): [string, string][] => [
      ["LoRA", oneLine(`${name}:${scale}`)],
      ["  sha256", oneLine(hash)],
    ]),
    ["files handed in", inputs && text(Object.keys(inputs))],
    ["kept by Stage A", reconstruction && formatPsnr(reconstruction.autoencoded)],
    ["kept by compressor, B, A", reconstruction && formatPsnr(reconstruction.reconstructed)],
    ["painted by", oneLine(`wuerstchen ${version}, ONNX Runtime ${runtime}, ${threads} threads`)],
  ];
  const known = facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
