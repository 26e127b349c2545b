/**
 * The progress line on standard error: stage, bar, step, seconds a step, and the time that is left over all stages.
 * @module
 */
import { canRedraw, type Terminal } from "./_terminal.ts";
import { fitText, textWidth, visibleText } from "./_text_width.ts";

/** A stage of the plan; the same name may come several times, once for each run. */
export interface ProgressStage {
  readonly stage: string;
  /** Steps. */
  readonly total: number;
}

/** A finished step. */
export interface ProgressEvent extends ProgressStage {
  /** From 1 to `total`. */
  readonly step: number;
  /** What this step took. */
  readonly seconds: number;
}

/** Options of {@linkcode Progress}. */
export interface ProgressOptions {
  terminal: Terminal;
  /** Clock in milliseconds. Default `performance.now`. */
  now?: () => number;
}

interface Entry {
  readonly stage: string;
  total: number;
  done: number;
  seconds: number;
}

/** Milliseconds between two drawings: at most ten a second, and at least every quarter second so that the time left runs. */
const minInterval = 100;
const tickInterval = 250;

const maxBar = 30;
const minBar = 5;

const eraseLine = "\r\x1b[K";

/**
 * Draws how far a run is.
 *
 * On a terminal it is one line that is redrawn and vanishes at the end; the cursor is never hidden, so that even a killed process
 * leaves the terminal whole. Elsewhere (a file, a pipe, `TERM=dumb`) it is one plain line for each finished stage.
 *
 * The time left is forecast from the mean time of the steps that a stage has taken. A stage that has taken none is not guessed: `…`.
 *
 * @example
 * ```ts
 * import { Progress } from "./_progress.ts";
 * import { openTerminal } from "./_terminal.ts";
 *
 * using progress = new Progress([{ stage: "prior", total: 2 }], { terminal: openTerminal("stderr") });
 * progress.update({ stage: "prior", step: 1, total: 2, seconds: 0.3 });
 * ```
 */
export class Progress implements Disposable {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #entries: Entry[];
  /** Steps and seconds of each stage by name, over all its runs. */
  readonly #measured = new Map<string, { steps: number; seconds: number }>();
  #current = 0;
  #updated: number;
  #drawn = -Infinity;
  #isVisible = false;
  #isDone = false;
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  /** Starts with nothing done and draws it. */
  constructor(plan: readonly ProgressStage[], { terminal, now = () => performance.now() }: ProgressOptions) {
    this.#terminal = terminal;
    this.#now = now;
    this.#entries = plan.map(({ stage, total }) => ({ stage, total, done: 0, seconds: 0 }));
    this.#updated = now();
    if (!canRedraw(terminal)) return;
    const timer = setInterval(() => this.#draw(), tickInterval);
    // A forgotten progress line must not keep the process alive.
    Deno.unrefTimer(timer);
    this.#timer = timer;
    this.#draw();
  }

  /** Takes a finished step. A stage that the plan does not have is added to it. */
  update({ stage, step, total, seconds }: ProgressEvent): void {
    if (this.#isDone) return;
    const entry = this.#advance(stage, step);
    const steps = Math.max(1, step - entry.done);
    Object.assign(entry, { done: step, total, seconds: entry.seconds + seconds });
    const measured = this.#measured.get(stage) ?? { steps: 0, seconds: 0 };
    this.#measured.set(stage, { steps: measured.steps + steps, seconds: measured.seconds + seconds });
    this.#updated = this.#now();
    if (canRedraw(this.#terminal)) this.#draw();
    else if (step >= total) this.#terminal.write(finishedLine(entry));
  }

  /** Replaces what is planned behind the current stage. */
  replan(rest: readonly ProgressStage[]): void {
    const planned = rest.map(({ stage, total }) => ({ stage, total, done: 0, seconds: 0 }));
    this.#entries.splice(this.#current + 1, Infinity, ...planned);
  }

  /** Erases the line, so that something else can be written; the next step or tick draws it again. */
  clear(): void {
    if (this.#isVisible) this.#terminal.write(eraseLine);
    this.#isVisible = false;
  }

  /** Ends the drawing and leaves the line empty, however often it is called. */
  done(): void {
    this.#isDone = true;
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.clear();
  }

  [Symbol.dispose](): void {
    this.done();
  }

  /** The entry that a step belongs to: the current one, or a later one of the same stage. */
  #advance(stage: string, step: number): Entry {
    const at = this.#entries.findIndex((entry, index) =>
      entry.stage === stage && index >= this.#current && (index > this.#current || step > entry.done)
    );
    if (at >= 0) this.#current = at;
    else {
      this.#current = Math.min(this.#current + 1, this.#entries.length);
      this.#entries.splice(this.#current, 0, { stage, total: step, done: 0, seconds: 0 });
    }
    return this.#entries[this.#current]!;
  }

  #draw(): void {
    const now = this.#now();
    if (this.#isDone || now - this.#drawn < minInterval) return;
    this.#drawn = now;
    this.#isVisible = true;
    // One column stays free: a full line would wrap on some terminals.
    this.#terminal.write(`${eraseLine}${this.#line(this.#terminal.columns() - 1)}`);
  }

  #line(columns: number): string {
    const current = this.#entries[this.#current];
    if (current === undefined) return "";
    // Between two stages it is the next that is being loaded.
    const next = this.#entries[this.#current + 1];
    const { stage, done, total } = current.done >= current.total && next !== undefined ? next : current;
    const mean = this.#stepSeconds(stage);
    const name = `${visibleText(stage)} `;
    const numbers = ` ${done}/${total}  ${mean === undefined ? "…" : formatSeconds(mean)}/step  ${this.#left()} left`;
    const room = Math.min(maxBar, columns - textWidth(name) - textWidth(numbers));
    return fitText(`${name}${room < minBar ? "" : bar(total === 0 ? 1 : done / total, room)}${numbers}`, columns);
  }

  /** Time left as far as it is known, and `…` for the stages of which it is not. */
  #left(): string {
    let seconds = 0;
    let isKnown = false;
    let isComplete = true;
    for (const { stage, total, done } of this.#entries.slice(this.#current)) {
      const mean = this.#stepSeconds(stage);
      if (done >= total) continue;
      if (mean === undefined) isComplete = false;
      else {
        isKnown = true;
        seconds += mean * (total - done);
      }
    }
    const { stage, done, total } = this.#entries[this.#current]!;
    // The step that is running has used up some of its time already.
    if (done < total) seconds -= Math.min((this.#now() - this.#updated) / 1000, this.#stepSeconds(stage) ?? 0);
    if (!isKnown && !isComplete) return "…";
    return `${formatSeconds(seconds)}${isComplete ? "" : " + …"}`;
  }

  #stepSeconds(stage: string): number | undefined {
    const measured = this.#measured.get(stage);
    return measured && measured.seconds / measured.steps;
  }
}

function finishedLine({ stage, done, seconds }: Entry): string {
  const steps = done === 1 ? "1 step" : `${done} steps`;
  const mean = done > 1 ? ` (${formatSeconds(seconds / done)}/step)` : "";
  return `${visibleText(stage)}: ${steps} in ${formatSeconds(seconds)}${mean}\n`;
}

function bar(part: number, columns: number): string {
  const filled = Math.floor(Math.min(1, Math.max(0, part)) * columns);
  return "█".repeat(filled) + "░".repeat(columns - filled);
}

/** Seconds for people: `0.31 s`, `27 s`, `4 min 05 s`, `1 h 12 min`. */
export function formatSeconds(seconds: number): string {
  const positive = Math.max(0, seconds);
  if (positive < 1) return `${positive.toFixed(2)} s`;
  if (positive < 9.95) return `${positive.toFixed(1)} s`;
  const whole = Math.round(positive);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole % 3600 / 60)).padStart(2, "0")} min`;
}
