/**
 * Times several things beside reference work by the processor time that they take, in many short rounds.
 *
 * What else runs on the machine stretches seconds by as much as it pleases, processor time on one thread hardly: what is left is what caches
 * lose to it, which the least disturbed samples are free of. Where the machine itself gets slower, the reference work does too.
 * @module
 */
import { cpuUsage } from "node:process";
import { quantile } from "./statistics.ts";

/** Something that can be run over and over. */
export interface Subject {
  readonly name: string;
  run(): Promise<unknown>;
}

/** Seconds of a sample at least, so that the clock's steps and reading it do not count. */
const sampleLength = 0.0015;

/** Seconds of a turn: what takes tenths of a millisecond and what takes tens of them are sampled for as long. */
const turnLength = 0.015;

/** Samples of a turn at least. */
const fewest = 2;

/** The share of samples below what counts. */
const quiet = 0.05;

/** Seconds that the processor has worked for this process. */
function processorSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/** How often a subject runs in a turn. */
interface Turn {
  /** For one sample. */
  readonly runs: number;
  readonly samples: number;
}

/** The rounds of some subjects. Samples are kept and added to by every call of {@linkcode ProcessorRounds.run}. */
export class ProcessorRounds {
  readonly #reference: Subject;
  readonly #subjects: readonly Subject[];
  readonly #clock: () => number;
  readonly #turns = new Map<Subject, Turn>();
  /** Seconds of a run. */
  readonly #samples = new Map<Subject, number[]>();

  /** @param options.clock what seconds are read from, to try it out */
  constructor(
    reference: Subject,
    subjects: readonly Subject[],
    { clock = processorSeconds }: { clock?: () => number } = {},
  ) {
    this.#reference = reference;
    this.#subjects = subjects;
    this.#clock = clock;
    for (const subject of [reference, ...subjects]) this.#samples.set(subject, []);
  }

  /**
   * Gives each subject a turn behind one of the reference work, `rounds` times or for `seconds` of the wall's clock, once at least.
   *
   * @param options.names which subjects; all where left out
   */
  async run(
    { rounds, seconds, names }: { rounds: number; seconds: number; names?: ReadonlySet<string> },
  ): Promise<void> {
    const chosen = this.#subjects.filter(({ name }) => names?.has(name) ?? true);
    const end = performance.now() + 1000 * seconds;
    for (let round = 0; round === 0 || round < rounds && performance.now() < end; round++) {
      for (const subject of chosen) {
        await this.#turn(this.#reference);
        await this.#turn(subject);
      }
    }
  }

  /** How often each subject runs in the time of one run of the reference work, by the least disturbed samples of both. */
  ratios(): Record<string, number> {
    const quietest = (subject: Subject) => quantile(this.#samples.get(subject)!, quiet);
    const reference = quietest(this.#reference);
    return Object.fromEntries(this.#subjects.map((subject) => [subject.name, reference / quietest(subject)]));
  }

  async #turn(subject: Subject): Promise<void> {
    // The first run finds the caches full of what ran before.
    const first = await this.#sample(subject, 1);
    const { runs, samples } = this.#turns.get(subject) ?? planTurn(first);
    this.#turns.set(subject, { runs, samples });
    for (let i = 0; i < samples; i++) this.#samples.get(subject)!.push(await this.#sample(subject, runs));
  }

  async #sample(subject: Subject, runs: number): Promise<number> {
    const start = this.#clock();
    for (let i = 0; i < runs; i++) await subject.run();
    return (this.#clock() - start) / runs;
  }
}

function planTurn(seconds: number): Turn {
  const runs = Math.max(1, Math.ceil(sampleLength / seconds));
  return { runs, samples: Math.max(fewest, Math.ceil(turnLength / (runs * seconds))) };
}
