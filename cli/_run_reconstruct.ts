/**
 * What `wuerstchen reconstruct` does.
 * @module
 */
import { basename, extname } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import type { ImageFormat } from "../images/format.ts";
import { sideBySide } from "../images/side_by_side.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { planSizes } from "../pipeline/plan.ts";
import type { ReconstructedPicture, ReconstructResult } from "../pipeline/reconstruct.ts";
import type { Run } from "../pipeline/types.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { decodePicture } from "../train/data/picture.ts";
import { transformPicture } from "../train/data/transform.ts";
import { version } from "../version.ts";
import { watchDownloads } from "./_download_progress.ts";
import { FileSaver } from "./_file_saver.ts";
import { watchInterruption } from "./_interruption.ts";
import { type OutputPlan, planOutput } from "./_output_name.ts";
import { pictureProtocol, showPicture } from "./_picture.ts";
import { readPictureBytes } from "./_picture_file.ts";
import { Progress } from "./_progress.ts";
import { formatPsnr } from "./_psnr.ts";
import { openTerminal, type Terminal, warn } from "./_terminal.ts";
import { writeOut } from "./_stdout.ts";
import type { ReconstructFlags } from "./reconstruct.ts";

/**
 * Takes a picture through a model and back.
 *
 * @throws {ConfigError} where a flag is wrong or a name is taken
 * @throws {CheckpointError} where the picture cannot be read or the model has no compressor
 */
export async function runReconstruct(path: string, flags: ReconstructFlags): Promise<void> {
  const [stdout, stderr] = [openTerminal("stdout"), openTerminal("stderr")];
  const { output, format, force = false, seed } = flags;
  const parts = { prompt: `${basename(path, extname(path))} reconstructed`, seed, index: 0 };
  const plan = await planOutput([parts], { output, format, force, handOver: false });
  checkStreams(plan, { flags, stdout });
  const bytes = await readPictureBytes(path);

  using interruption = watchInterruption();
  const { threads, quiet } = flags;
  using downloads = await watchDownloads({ terminal: stderr, quiet, signal: interruption.signal });
  await using pipeline = await loadPipeline(flags.model, { threads, hub: downloads.hub });
  downloads[Symbol.dispose]();
  const pixels = await preparePicture(path, bytes, { pipeline, flags });
  const { prompt, decoderSteps, decoderGuidance } = flags;
  const sampling = { prompt, seed, decoderSteps, decoderGuidance, signal: interruption.signal };
  const result = await watch(pipeline.reconstruct(pixels, sampling), { terminal: stderr, quiet: flags.quiet ?? false });

  const picture = result.pictures[0]!;
  const encoded = await picture.encode(plan.type as ImageFormat, { metadata: flags.metadata });
  let written: string | undefined;
  if (plan.kind === "stdout") writeOut(encoded);
  else {
    const saver = new FileSaver(plan, [parts], { force });
    written = await saver.save(0, (name, options) => writeFileAtomic(name, encoded, options));
  }
  report(result, { picture, path: written, flags, stdout, stderr });
  if (written !== undefined && flags.show && !flags.quiet && !flags.json) await show(picture, stdout);
}

function checkStreams({ kind }: OutputPlan, { flags, stdout }: { flags: ReconstructFlags; stdout: Terminal }): void {
  if (kind !== "stdout") return;
  if (flags.json) throw new ConfigError("Expected a file name for --output with --json but found -");
  if (stdout.isTerminal) {
    throw new ConfigError(
      "Expected --output - to lead to a file or a program but found a terminal: add > picture.png",
    );
  }
}

/** The picture as the model takes it: [1, channels, height, width] of 0…1. */
async function preparePicture(
  path: string,
  bytes: Uint8Array,
  { pipeline, flags }: { pipeline: Pipeline; flags: ReconstructFlags },
): Promise<Tensor<"float32">> {
  const { defaults, rules, parts } = pipeline;
  const { image: size } = planSizes(
    { width: flags.width ?? defaults.width, height: flags.height ?? defaults.height },
    rules,
  );
  const channels = parts.decoder.autoencoder.config.in_channels;
  try {
    const data = transformPicture(await decodePicture(bytes), { size }, { channels });
    return tensor("float32", [1, channels, size.height, size.width], data as Float32Array<ArrayBuffer>);
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new CheckpointError(`${path}: ${cause.message}`, { cause });
  }
}

/** Follows a run with a progress line. */
async function watch(
  run: Run<ReconstructResult>,
  { terminal, quiet }: { terminal: Terminal; quiet: boolean },
): Promise<ReconstructResult> {
  let progress: Progress | undefined;
  try {
    for await (const event of run) {
      if (event.type === "plan" && !quiet) progress = new Progress(event.stages, { terminal });
      if (event.type === "step") progress?.update(event);
      if (event.type !== "warning") continue;
      progress?.clear();
      warn(event.message, terminal);
    }
  } finally {
    progress?.done();
  }
  return await run;
}

function report(
  { seed, options, plan, timings, warnings, model }: ReconstructResult,
  { picture: { psnr }, path, flags, stdout, stderr }: {
    picture: ReconstructedPicture;
    path: string | undefined;
    flags: ReconstructFlags;
    stdout: Terminal;
    stderr: Terminal;
  },
): void {
  if (flags.json) {
    stdout.write(
      `${JSON.stringify({ version, path, psnr, seed, options, plan, timings, warnings, model }, null, 2)}\n`,
    );
    return;
  }
  if (path !== undefined) stdout.write(`${path}\n`);
  if (flags.quiet) return;
  (path === undefined ? stderr : stdout).write(formatKept(psnr));
}

/** What is kept, as lines for people. */
export function formatKept({ autoencoded, reconstructed }: ReconstructedPicture["psnr"]): string {
  return `Stage A keeps                         ${formatPsnr(autoencoded)}\n` +
    `compressor, Stage B and Stage A keep  ${formatPsnr(reconstructed)}\n`;
}

async function show(picture: ReconstructedPicture, terminal: Terminal): Promise<void> {
  if (pictureProtocol({ terminal }) === undefined) return;
  const { original, autoencoded, reconstructed } = picture;
  const png = await picture.encode("png", { metadata: false });
  showPicture(sideBySide([original, autoencoded, reconstructed]), png, { terminal });
}
