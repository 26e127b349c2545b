/**
 * Decides how many generations of a command go through the stages together.
 * @module
 */
import type { Timings } from "../pipeline/types.ts";

/** Weights that are small enough to stay in memory, all stages at once, while a command paints several pictures. */
const lightBytes = 1e9;

/** Part of the time that loading may take. */
const loadingShare = 0.1;

/** Largest group: an interruption costs at most its unfinished pictures. */
const largest = 8;

/**
 * The sizes of the groups in which a command's generations are made.
 *
 * A picture is finished, written and safe from an interruption once its group has come to Stage A, so that small groups are better;
 * but each group loads every network anew. Weights of up to 1 GB stay loaded, and every picture is made alone. With larger ones the
 * first picture is made alone too: it comes as early as it can, and shows how long loading (L) and painting (C) take. From then on a
 * group is the smallest whose loading takes a tenth of its time, L ≤ 0.1·(L + n·C), and at most 8: where a picture takes minutes,
 * loading does not matter and groups stay at 1; where it takes seconds, a group of 8 is not late.
 */
export class Grouping {
  /** Whether networks stay in memory from one generation to the next. */
  readonly keepsLoaded: boolean;
  #left: number;
  #size = 1;

  /**
   * @param runs generations of the command
   * @param options.bytes what the weights take in memory, all stages together
   * @param options.keepLoaded the user wants them to stay, however large they are
   */
  constructor(runs: number, { bytes, keepLoaded }: { bytes: number; keepLoaded: boolean }) {
    this.#left = runs;
    this.keepsLoaded = keepLoaded || (runs > 1 && bytes <= lightBytes);
  }

  /** Sizes of the groups that are still to come, as far as is known now. */
  get rest(): number[] {
    const size = this.#size;
    return Array.from({ length: Math.ceil(this.#left / size) }, (_, i) => Math.min(size, this.#left - i * size));
  }

  /** Takes the times of the first group of {@linkcode Grouping.rest}, which is finished. */
  finish({ stages }: Timings): void {
    const runs = Math.min(this.#size, this.#left);
    this.#left -= runs;
    const sum = (key: "load" | "run") => Object.values(stages).reduce((seconds, times) => seconds + times[key], 0);
    const [load, run] = [sum("load"), sum("run") / runs];
    const needed = load * (1 - loadingShare) / (loadingShare * run);
    // Times of 0 make no number of it.
    if (!this.keepsLoaded && !Number.isNaN(needed)) this.#size = Math.min(largest, Math.max(1, Math.ceil(needed)));
  }
}
