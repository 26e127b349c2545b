/**
 * Tells how a `generate` command is going: to people on standard error, to programs as JSON on standard output.
 * @module
 */
import { formatBytes } from "../pipeline/forecast.ts";
import type {
  GeneratedImage,
  GenerateEvent,
  GenerateResult,
  ModelIdentity,
  StagePlan,
  WeightsEvent,
} from "../pipeline/types.ts";
import { version } from "../version.ts";
import { formatSeconds, Progress } from "./_progress.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { styled, type Terminal, warn } from "./_terminal.ts";

/** Where a report goes and how much of it. */
export interface ReportOptions {
  readonly flags: Pick<GenerateFlags, "json" | "jsonl" | "quiet" | "verbose" | "output">;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** How many generations go through the stages at a time, in order: their sum is the number of all. */
  readonly groups: readonly number[];
}

/** One generation of the final report. */
interface FinishedRun extends Pick<GenerateResult, "seed" | "options" | "plan" | "timings" | "warnings"> {
  readonly paths: readonly string[];
}

type PlanEvent = Extract<GenerateEvent, { type: "plan" }>;

/** The report of one command. */
export class Report implements Disposable {
  readonly #options: ReportOptions;
  readonly #started = performance.now();
  #progress: Progress | undefined;
  /** Shows the hashing of weights before there is a plan. */
  #hashing: Progress | undefined;
  #hashed: { step: number; seconds: number } | undefined;
  #plan: PlanEvent | undefined;
  #model: ModelIdentity | undefined;
  readonly #saved: { path: string; seed: number; run: number }[] = [];
  readonly #warnings: string[] = [];
  readonly #runs: FinishedRun[] = [];

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  /** Takes an event of generation `run`; pictures and results are reported when they are saved. */
  event(event: GenerateEvent, run: number): void {
    switch (event.type) {
      case "plan":
        this.#announcePlan(event, run);
        break;
      case "load":
        this.#startProgress();
        this.#line({ type: "load", stage: event.stage, seconds: event.seconds });
        break;
      case "step": {
        this.#startProgress();
        this.#progress?.update(event);
        const { stage, step, total, seconds } = event;
        this.#line({ type: "step", run, stage, step, total, seconds });
        break;
      }
      case "weights":
        this.weights(event);
        break;
      case "warning":
        this.warning(event.message, run);
        break;
    }
  }

  /** Says how far the hashing of weights is that the next picture, or the start, waits for; in percent. */
  weights({ done, total, seconds }: WeightsEvent): void {
    this.#line({ type: "weights", done, total, seconds });
    const before = this.#hashed ?? { step: 0, seconds: 0 };
    const step = Math.floor(100 * done / total);
    if (this.#isQuiet || step <= before.step) return;
    const stage = { stage: "hash weights, %", total: 100 };
    // Before the first plan it is all that there is to show.
    if (!this.#progress) this.#hashing ??= new Progress([stage], { terminal: this.#options.stderr });
    const progress = this.#hashing ?? this.#progress!;
    progress.update({ ...stage, step, seconds: seconds - before.seconds });
    this.#hashed = { step, seconds };
    if (step < 100) return;
    this.#hashing?.done();
    this.#hashing = undefined;
  }

  /** Says that something is lost or unusual; people are told once, however many runs it concerns. */
  warning(message: string, run?: number): void {
    if (!this.#warnings.includes(message)) {
      this.#progress?.clear();
      warn(message, this.#options.stderr);
      this.#warnings.push(message);
    }
    this.#line({ type: "warning", ...(run === undefined ? {} : { run }), message });
  }

  /** Says that a picture is written; without a path it went to standard output. */
  picture(image: GeneratedImage, { run, path }: { run: number; path: string | undefined }): void {
    const { seed, index, prompt, width, height } = image;
    if (path !== undefined) this.#saved.push({ path, seed, run });
    this.#announceFile(path, seed);
    this.#line({ type: "image", run, ...(path === undefined ? {} : { path }), seed, index, prompt, width, height });
  }

  /** Says that the state between two stages is written. */
  handOver(result: GenerateResult, { run, path }: { run: number; path: string }): void {
    const { seed } = result;
    const [first] = typeof seed === "number" ? [seed] : seed;
    this.#saved.push({ path, seed: first!, run });
    this.#announceFile(path, first!);
    this.#line({ type: "hand-over", run, path, kind: result.handOver!.kind, seed });
  }

  /** Takes the result of a generation whose files are all written. */
  result({ seed, options, plan, timings, warnings, model }: GenerateResult, run: number): void {
    const paths = this.#saved.filter((file) => file.run === run).map(({ path }) => path);
    this.#model = model;
    this.#runs.push({ seed, options, plan, timings, warnings, paths });
    this.#line({ type: "result", run, seed, paths, options, plan, timings, warnings, model });
  }

  /** Says that a group is finished and how many generations will go through the stages at a time from here on. */
  regroup(groups: readonly number[]): void {
    if (this.#plan) this.#progress?.replan(this.#stagesOf(groups));
  }

  /** Erases the progress line, for something that is drawn in its place. */
  clear(): void {
    this.#progress?.clear();
  }

  /** Ends the report; `error` is what stopped the command, where something did. */
  finish(error?: { message: string; exitCode: number }): void {
    this.#endProgress();
    const seconds = (performance.now() - this.#started) / 1000;
    if (error) this.#line({ type: "error", ...error });
    if (this.#options.flags.json) {
      const summary = {
        version,
        ...(this.#model ? { model: this.#model } : {}),
        paths: this.#saved.map(({ path }) => path),
        seeds: this.#saved.map(({ seed }) => seed),
        seconds,
        ...(this.#plan?.memory ? { memory: this.#plan.memory } : {}),
        warnings: this.#warnings,
        runs: this.#runs,
        ...(error ? { error } : {}),
      };
      this.#options.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    }
    const last = this.#runs.at(-1);
    if (this.#options.flags.verbose && last) this.#announceTimings(last, seconds);
  }

  [Symbol.dispose](): void {
    this.#endProgress();
  }

  #endProgress(): void {
    this.#progress?.done();
    this.#hashing?.done();
  }

  get #isQuiet(): boolean {
    return this.#options.flags.quiet === true;
  }

  /** One line of `--jsonl`. */
  #line(event: Record<string, unknown>): void {
    if (this.#options.flags.jsonl) this.#options.stdout.write(`${JSON.stringify(event)}\n`);
  }

  #tell(text: string): void {
    if (!this.#isQuiet) this.#options.stderr.write(`${styled(text, "dim", { terminal: this.#options.stderr })}\n`);
  }

  #announcePlan(event: PlanEvent, run: number): void {
    const isFirst = this.#plan === undefined;
    this.#plan ??= event;
    const { plan, options, stages, memory } = event;
    this.#line({ type: "plan", run, plan, options, stages, ...(memory ? { memory } : {}) });
    // The sizes of all runs of a command are the same.
    if (!isFirst) return;
    if (memory) {
      const how = memory.how === "" ? "" : `: ${memory.how}`;
      this.#tell(`memory: about ${formatBytes(memory.peak)} of ${formatBytes(memory.limit)} (${memory.stage})${how}`);
    }
    if (!this.#options.flags.verbose) return;
    const { image, prior, decoder, decoded, crop } = plan;
    const cut = crop.top + crop.left > 0 || decoded.width !== image.width || decoded.height !== image.height;
    this.#tell(
      `size plan: Stage C ${prior.width}×${prior.height}, Stage B ${decoder.width}×${decoder.height}, ` +
        `Stage A ${decoded.width}×${decoded.height} px` +
        (cut ? `, cut to ${image.width}×${image.height} px from ${crop.left},${crop.top}` : ""),
    );
    this.#tell(
      `settings: ${stages.map(({ stage, total }) => `${stage} ${total}`).join(", ")} steps; guidance ` +
        `${options.priorGuidance} and ${options.decoderGuidance}; generator ${options.rng}`,
    );
  }

  #startProgress(): void {
    const { stderr, groups } = this.#options;
    if (this.#progress || this.#isQuiet || !this.#plan) return;
    this.#progress = new Progress(this.#stagesOf(groups), { terminal: stderr });
  }

  /** All stages of generations in the order in which they will run. */
  #stagesOf(groups: readonly number[]): StagePlan[] {
    const { stages } = this.#plan!;
    return groups.flatMap((runs) => stages.flatMap((stage) => Array.from({ length: runs }, () => stage)));
  }

  #announceFile(path: string | undefined, seed: number): void {
    const { flags: { json, jsonl }, stdout } = this.#options;
    this.#progress?.clear();
    if (path !== undefined && !json && !jsonl) stdout.write(`${path}\n`);
    this.#tell(`seed ${seed}`);
  }

  #announceTimings({ timings }: FinishedRun, seconds: number): void {
    for (const [stage, { load, run, steps }] of Object.entries(timings.stages)) {
      const each = steps > 1 ? ` (${formatSeconds(run / steps)}/step)` : "";
      this.#tell(`${stage}: loaded in ${formatSeconds(load)}, ${steps} steps in ${formatSeconds(run)}${each}`);
    }
    this.#tell(`total: ${formatSeconds(seconds)}`);
  }
}
