/**
 * What `wuerstchen generate` does: check everything, then paint, and write each picture as soon as it is finished.
 * @module
 */
import { dirname } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { environmentVariable } from "../files/environment_variable.ts";
import { encodePng } from "../images/png_encode.ts";
import { writeHandOver } from "../pipeline/hand_over.ts";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import type { GeneratedImage, GenerateEvent, GenerateOptions, GenerateResult } from "../pipeline/types.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { exitCodeOf, explainError, InterruptedError, OutputClosedError, PartialBatchError } from "./_errors.ts";
import { watchDownloads } from "./_download_progress.ts";
import { FileSaver } from "./_file_saver.ts";
import { Grouping } from "./_grouping.ts";
import { watchInterruption } from "./_interruption.ts";
import { type StandIn, standInFor } from "./_missing_model.ts";
import { checkFolder, checkFree, type OutputPlan, planOutput } from "./_output_name.ts";
import { pictureProtocol, showPicture } from "./_picture.ts";
import { Report } from "./_report.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { type GenerateRequest, readRequest } from "./_request.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal, type Terminal } from "./_terminal.ts";

/** Steps between two previews where `--preview` does not say. */
const previewSteps = 4;

type Event<Type extends GenerateEvent["type"]> = Extract<GenerateEvent, { type: Type }>;

/** Streams and places of a command; the process's own where left out. */
export interface GenerateStreams {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Folder of the bundled models. */
  readonly modelsFolder?: string;
}

/**
 * Runs the command.
 *
 * @param words what stands behind the command's name
 * @throws {ConfigError} before any work where a flag, a prompt or a name is wrong
 * @throws {PartialBatchError} where it failed after some of the pictures were written
 * @throws {InterruptedError} where SIGINT or SIGTERM stopped it
 */
export async function runGenerate(
  words: readonly string[],
  flags: GenerateFlags,
  streams: GenerateStreams = { stdout: openTerminal("stdout"), stderr: openTerminal("stderr") },
): Promise<void> {
  const request = await readRequest(words, flags);
  const output = await settleOutput(request, flags, streams);
  using interruption = watchInterruption({
    onSignal: ({ signal }) => {
      if (signal === "SIGINT") {
        streams.stderr.write("\nStopping after this step; press Ctrl+C again to stop at once.\n");
      }
    },
  });
  const { prior, decoder, variant, precision, threads, loras } = request;
  const { keepLoaded, ignoreMemory, device, preset } = flags;
  const hashWeights = needsHashes(request, flags);
  const { modelsFolder } = streams;
  const standIn = await standInFor(request.model, { modelsFolder });
  const { stderr: terminal } = streams;
  const { quiet, acceptLicense } = flags;
  using downloads = await watchDownloads({ terminal, quiet, signal: interruption.signal, acceptLicense });
  const { hub } = downloads;
  const { registry, runtime } = request;
  const maxMemory = flags.maxMemory ?? (ignoreMemory ? undefined : await environmentVariable("WUERSTCHEN_MAX_MEMORY"));
  const options = {
    prior,
    decoder,
    variant,
    precision,
    threads,
    keepLoaded,
    ignoreMemory,
    maxMemory,
    preset,
    upcoming: request.runs.map((run) => ({ ...(request.from ? {} : standIn?.size), ...run })),
    loras,
    hashWeights,
    modelsFolder,
    hub,
    registry,
    runtime,
    device,
  };
  await using pipeline = await loadPipeline(standIn?.model ?? request.model, options);
  downloads[Symbol.dispose]();
  const command = new GenerateCommand({ request, output, flags, streams, pipeline, standIn });
  await command.run(interruption.signal);
}

/** Whether anything that the command writes or compares says which weights there are; to find out may mean to read gigabytes. */
function needsHashes({ repeats, from }: GenerateRequest, { metadata, json, jsonl, stopAfter }: GenerateFlags): boolean {
  return metadata || [json, jsonl, stopAfter, repeats, from].some(Boolean);
}

/** Settles the names of all files, while a mistake costs nothing. */
async function settleOutput(
  { files, encoding }: GenerateRequest,
  { output, format, force = false, stopAfter, saveTensors }: GenerateFlags,
  { stdout }: GenerateStreams,
): Promise<OutputPlan> {
  const plan = await planOutput(files, {
    output,
    format,
    usual: encoding.format,
    force,
    handOver: stopAfter !== undefined,
  });
  if (plan.kind === "stdout" && stdout.isTerminal) {
    throw new ConfigError("Expected --output - to lead to a file or a program but found a terminal: add > picture.png");
  }
  if (saveTensors !== undefined) {
    await checkFolder(dirname(saveTensors));
    await checkFree(saveTensors, { flag: "--save-tensors", force });
  }
  return plan;
}

interface Parts {
  readonly request: GenerateRequest;
  readonly output: OutputPlan;
  readonly flags: GenerateFlags;
  readonly streams: GenerateStreams;
  readonly pipeline: Pipeline;
  readonly standIn: StandIn | undefined;
}

/** A command whose request is checked and whose model is open. */
class GenerateCommand {
  readonly #parts: Parts;
  readonly #saver: FileSaver;
  readonly #tensors = new Map<string, Tensor>();
  #written = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#saver = new FileSaver(parts.output, parts.request.files, { force: parts.flags.force ?? false });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { request, pipeline, flags, streams, standIn } = this.#parts;
    const runs = request.runs.map((options) => this.#complete(options, signal));
    // A run that is made and not started has been checked: all are, before the first one starts.
    for (const options of runs) pipeline.generate(options);
    const grouping = new Grouping(runs.length, { bytes: pipeline.weightBytes, keepLoaded: flags.keepLoaded ?? false });
    pipeline.keepLoaded = grouping.keepsLoaded;
    using report = new Report({ flags, ...streams, groups: grouping.rest });
    try {
      if (standIn) report.warning(standIn.notice);
      if (flags.strict) await pipeline.checkWeights({ signal, onProgress: (event) => report.weights(event) });
      for (let first = 0; first < runs.length;) {
        signal.throwIfAborted();
        const size = grouping.rest[0]!;
        const { timings } = await this.#paint(runs.slice(first, first + size), { first, report });
        first += size;
        grouping.finish(timings);
        report.regroup(grouping.rest);
      }
      await this.#finish(report);
      report.finish();
    } catch (error) {
      const failure = this.#explain(error, signal);
      this.#reportFailure(failure, report);
      throw failure;
    }
  }

  /** Runs a group. Its pictures are let go when it is finished. */
  async #paint(
    group: readonly GenerateOptions[],
    place: { first: number; report: Report },
  ): Promise<Pick<GenerateResult, "timings">> {
    const run = this.#parts.pipeline.generateAll(group);
    for await (const event of run) await this.#take(event, place);
    const [{ timings }] = await run as [GenerateResult];
    return { timings };
  }

  #complete(options: GenerateOptions, signal: AbortSignal): GenerateOptions {
    const onTensor = (name: string, value: Tensor) => void this.#tensors.set(name, value);
    const { request: { repeats, from }, flags, standIn } = this.#parts;
    return {
      // What is continued has its size.
      ...(from ? {} : standIn?.size),
      ...options,
      ...(repeats ? { repeats } : {}),
      signal,
      ...(flags.saveTensors === undefined ? {} : { onTensor }),
    };
  }

  async #take(event: GenerateEvent, { first, report }: { first: number; report: Report }): Promise<void> {
    const run = first + ("run" in event ? event.run : 0);
    report.event(event, run);
    if (event.type === "step") await this.#preview(event, report);
    else if (event.type === "image") await this.#savePicture(event.image, { run, report });
    else if (event.type === "result") await this.#saveResult(event.result, { run, report });
  }

  async #savePicture(image: GeneratedImage, { run, report }: { run: number; report: Report }): Promise<void> {
    const { flags, output } = this.#parts;
    if (output.type === "safetensors") throw new TypeError("Expected no picture from a run that stops before it");
    const bytes = await image.encode(output.type, { metadata: flags.metadata });
    let path: string | undefined;
    if (output.kind === "stdout") writeOut(bytes);
    else {
      path = await this.#saver.save(this.#written, (path, options) => writeFileAtomic(path, bytes, options));
    }
    this.#written++;
    report.picture(image, { run, path });
    if (path !== undefined) await this.#show(image, bytes);
  }

  async #saveResult(result: GenerateResult, { run, report }: { run: number; report: Report }): Promise<void> {
    const { handOver } = result;
    if (handOver) {
      const path = await this.#saver.save(this.#written, (path, options) => writeHandOver(path, handOver, options));
      this.#written++;
      report.handOver(result, { run, path });
    }
    report.result(result, run);
  }

  async #finish(report: Report): Promise<void> {
    const { saveTensors, force = false } = this.#parts.flags;
    if (saveTensors !== undefined) {
      report.clear();
      await writeSafetensors(saveTensors, this.#tensors, { force });
    }
    const { displaced } = this.#saver;
    if (displaced.length > 0) throw new ConfigError(displaced.join("; "));
  }

  async #show(image: GeneratedImage, bytes: Uint8Array): Promise<void> {
    const { flags: { show, quiet, json, jsonl }, output, streams: { stdout: terminal } } = this.#parts;
    const protocol = pictureProtocol({ terminal });
    if (!show || quiet || json || jsonl || protocol === undefined) return;
    // Half blocks are drawn from the pixels; the other protocols take a PNG.
    const needsPng = output.type !== "png" && !protocol.startsWith("half blocks");
    showPicture(image, needsPng ? await image.encode("png", { metadata: false }) : bytes, { terminal });
  }

  async #preview(event: Event<"step">, report: Report): Promise<void> {
    const { preview, previewEvery, quiet } = this.#parts.flags;
    const { stderr: terminal } = this.#parts.streams;
    const every = previewEvery ?? (preview ? previewSteps : undefined);
    if (every === undefined || quiet || event.preview === undefined || event.step % every !== 0) return;
    if (pictureProtocol({ terminal }) === undefined) return;
    const pixels = await event.preview();
    report.clear();
    showPicture(pixels, encodePng(pixels), { terminal });
  }

  /** Ends the report with a failure, which matters more than one of reporting it. */
  #reportFailure(failure: unknown, report: Report): void {
    if (failure instanceof OutputClosedError) return;
    try {
      report.finish({ message: explainError(failure), exitCode: exitCodeOf(failure) });
    } catch {
      // Whoever reads standard output may be gone or its disk full: the exit code still tells.
    }
  }

  /** What stopped the command, with what is left of it. */
  #explain(error: unknown, signal: AbortSignal): unknown {
    const total = this.#parts.request.files.length;
    const count = `${this.#written} of ${total} ${total === 1 ? "file is" : "files are"} written`;
    if (signal.aborted && signal.reason instanceof InterruptedError) {
      return new InterruptedError(signal.reason.signal, { detail: count, cause: error });
    }
    if (error instanceof OutputClosedError || this.#written === 0 || this.#written === total) return error;
    return new PartialBatchError(`${count}, then: ${explainError(error)}`, { cause: error });
  }
}
