/**
 * The progress line of work that is measured in bytes or numbers: percent, and the time that is left.
 * @module
 */
import { formatSeconds, Progress } from "./_progress.ts";
import { canRedraw, openTerminal, type Terminal } from "./_terminal.ts";

/** Options of {@linkcode PercentProgress}. */
export interface PercentProgressOptions {
  /** Default standard error. */
  readonly terminal?: Terminal;
  /** Shows nothing. */
  readonly isHidden?: boolean | undefined;
  /** Clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

const total = 100;

/** Draws how far such work is: a {@linkcode Progress} whose steps are percent, or, where no line can be drawn anew, one line at its end. */
export class PercentProgress implements Disposable {
  readonly #stage: string;
  readonly #end: ((seconds: number) => void) | undefined;
  readonly #begun: number;
  readonly #now: () => number;
  readonly #progress: Progress | undefined;
  #step = 0;
  #start: number;

  /** Starts with nothing done and draws it. */
  constructor(
    what: string,
    { terminal = openTerminal("stderr"), isHidden = false, now = () => performance.now() }: PercentProgressOptions = {},
  ) {
    this.#stage = `${what}, %`;
    this.#now = now;
    this.#begun = this.#start = now();
    if (isHidden) return;
    if (canRedraw(terminal)) this.#progress = new Progress([{ stage: this.#stage, total }], { terminal, now });
    else this.#end = (seconds) => terminal.write(`${what}: done in ${formatSeconds(seconds)}\n`);
  }

  /** Takes how much is done by now, in any unit. */
  update({ done, total: all }: { readonly done: number; readonly total: number }): void {
    const step = all === 0 ? total : Math.min(total, Math.floor(total * done / all + 1e-6));
    if (step <= this.#step) return;
    const now = this.#now();
    this.#progress?.update({ stage: this.#stage, step, total, seconds: (now - this.#start) / 1000 });
    [this.#step, this.#start] = [step, now];
    if (step === total) this.#end?.((now - this.#begun) / 1000);
  }

  /** Ends the drawing and leaves the line empty, however often it is called. */
  done(): void {
    this.#progress?.done();
  }

  [Symbol.dispose](): void {
    this.done();
  }
}
