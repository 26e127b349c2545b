/**
 * Keeps the time of each stage.
 * @module
 */
import type { StageName, Timings } from "./types.ts";

/** Collects the seconds of loading and running, by stage. */
export class Clock {
  readonly #start = performance.now();
  readonly #stages: Partial<Record<StageName, { load: number; run: number; steps: number }>> = {};

  #of(stage: StageName): { load: number; run: number; steps: number } {
    return this.#stages[stage] ??= { load: 0, run: 0, steps: 0 };
  }

  /** Adds the time of loading a stage's network. */
  load(stage: StageName, seconds: number): void {
    this.#of(stage).load += seconds;
  }

  /** Adds a step of a stage. */
  step(stage: StageName, seconds: number): void {
    const times = this.#of(stage);
    times.run += seconds;
    times.steps++;
  }

  /** The times so far, in seconds. */
  read(): Timings {
    return { stages: structuredClone(this.#stages), total: (performance.now() - this.#start) / 1000 };
  }
}
