/**
 * Means over the steps since the last line of the log.
 * @module
 */

/** What was added since the last time. */
export interface TakenAverages {
  readonly means: Record<string, number>;
  /** That the steps took in all. */
  readonly seconds: number;
  /** Of the steps. */
  readonly count: number;
}

/** Collects numbers of steps. A number that only some of the steps have is averaged over those. */
export class StepAverages {
  #sums = new Map<string, { sum: number; count: number }>();
  #seconds = 0;
  #count = 0;

  /** Adds the numbers of a step, and how long it took. */
  add(values: Readonly<Record<string, number>>, { seconds }: { seconds: number }): void {
    for (const [name, value] of Object.entries(values)) {
      const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
      this.#sums.set(name, { sum: sum + value, count: count + 1 });
    }
    this.#seconds += seconds;
    this.#count++;
  }

  /** Gives the means and begins anew. */
  take(): TakenAverages {
    const means = Object.fromEntries([...this.#sums].map(([name, { sum, count }]) => [name, sum / count]));
    const taken = { means, seconds: this.#seconds, count: this.#count };
    [this.#sums, this.#seconds, this.#count] = [new Map(), 0, 0];
    return taken;
  }
}
