/**
 * Keeps the time of each stage.
 * @module
 */
import type { StageName, Timings } from "./types.ts";

type StageTime = { load: number; run: number; steps: number; evaluations: number };

/** Collects the seconds of loading and running, by stage. */
export class Clock {
  readonly #start = performance.now();
  readonly #stages: Partial<Record<StageName, StageTime>> = {};

  #of(stage: StageName): StageTime {
    return this.#stages[stage] ??= { load: 0, run: 0, steps: 0, evaluations: 0 };
  }

  /** Adds the time of loading a stage's network. */
  load(stage: StageName, seconds: number): void {
    this.#of(stage).load += seconds;
  }

  /**
   * Adds a step of a stage.
   *
   * @param options.evaluations what its network was run on in that step
   */
  step(stage: StageName, seconds: number, { evaluations = 1 }: { evaluations?: number } = {}): void {
    const times = this.#of(stage);
    times.run += seconds;
    times.steps++;
    times.evaluations += evaluations;
  }

  /** The times so far, in seconds. */
  read(): Timings {
    return { stages: structuredClone(this.#stages), total: (performance.now() - this.#start) / 1000 };
  }
}
