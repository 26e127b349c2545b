/**
 * A log of one or more processes, put together to the history of one training.
 * @module
 */
import { type PhaseName, phaseNames } from "../config.ts";
import type {
  CheckpointLine,
  EndLine,
  LogLine,
  PhaseLine,
  SampleLine,
  StartLine,
  StepLine,
  StopLine,
  UnreadableLine,
} from "./log_line.ts";

/** What was logged of one phase. */
export interface PhaseHistory {
  readonly phase: PhaseName;
  /** The last announcement. */
  readonly plan?: PhaseLine;
  /** By step; of several lines of a step the last one, without those that a resumed process made void. */
  readonly steps: readonly StepLine[];
  /** Steps after which an interrupted training went on, in order. */
  readonly resumedAt: readonly number[];
  readonly checkpoints: readonly CheckpointLine[];
  /** By step; of several with one file the last. */
  readonly samples: readonly SampleLine[];
  /** Spent by all processes, on steps that were lost too. */
  readonly seconds: number;
  /** For which steps waited for data, of {@linkcode seconds}. */
  readonly waitedSeconds: number;
  /** Spent by all processes, on steps that were lost too. */
  readonly flops: number;
}

/** What was logged of a training. */
export interface RunHistory {
  /** The first process. */
  readonly first?: StartLine;
  /** The last process. */
  readonly last?: StartLine;
  /** Number of processes. */
  readonly processes: number;
  /** Phases that were begun, in their order. */
  readonly phases: readonly PhaseHistory[];
  /** Each sample once. */
  readonly unreadable: readonly UnreadableLine[];
  /** How the last process ended; neither where it is running or was killed. */
  readonly end?: EndLine;
  readonly stop?: StopLine;
}

/** A phase while lines are read. */
class PhaseRecord {
  plan: PhaseLine | undefined;
  readonly steps = new Map<number, StepLine>();
  readonly resumedAt = new Set<number>();
  readonly checkpoints = new Map<number, CheckpointLine>();
  readonly samples = new Map<string, SampleLine>();
  seconds = 0;
  waitedSeconds = 0;
  flops = 0;
  /** Of the process that is read: where it began, and its last line. */
  begun = 0;
  latest: StepLine | undefined;

  /** Adds what the process that is read has spent, as it is over. */
  settle(): void {
    if (this.latest !== undefined) {
      this.seconds += this.latest.seconds;
      this.waitedSeconds += this.latest.waitedSeconds ?? 0;
      this.flops += Math.max(0, this.latest.step - this.begun) * (this.plan?.flops ?? 0);
    }
    this.latest = undefined;
    this.begun = 0;
  }

  /** Forgets what lies beyond a step that a process went back to. */
  cut(step: number): void {
    for (const key of this.steps.keys()) if (key > step) this.steps.delete(key);
    for (const key of this.checkpoints.keys()) if (key > step) this.checkpoints.delete(key);
    for (const key of this.resumedAt) if (key > step) this.resumedAt.delete(key);
    for (const [key, sample] of this.samples) if (sample.step > step) this.samples.delete(key);
  }
}

/** Puts the lines of a log together, in the order in which they were written. */
export function runHistory(lines: readonly LogLine[]): RunHistory {
  const records = new Map<PhaseName, PhaseRecord>();
  const unreadable = new Map<string, UnreadableLine>();
  const starts: StartLine[] = [];
  let end: EndLine | undefined;
  let stop: StopLine | undefined;
  const recordOf = (phase: PhaseName) => {
    const record = records.get(phase) ?? new PhaseRecord();
    records.set(phase, record);
    return record;
  };
  for (const line of lines) {
    switch (line.type) {
      case "start":
        starts.push(line);
        [end, stop] = [undefined, undefined];
        for (const record of records.values()) record.settle();
        if (line.resumedFrom !== undefined) {
          resume(line.resumedFrom, { records, record: recordOf(line.resumedFrom.phase) });
        }
        break;
      case "phase":
        recordOf(line.phase).plan = line;
        break;
      case "step": {
        const record = recordOf(line.phase);
        record.steps.set(line.step, line);
        record.latest = line;
        break;
      }
      case "checkpoint":
        recordOf(line.phase).checkpoints.set(line.step, line);
        break;
      case "sample":
        recordOf(line.phase).samples.set(line.file, line);
        break;
      case "unreadable":
        unreadable.set(line.id, line);
        break;
      case "end":
        if (line.phase === undefined) end = line;
        break;
      case "stop":
        stop = line;
        break;
    }
  }
  for (const record of records.values()) record.settle();
  const [first, last] = [starts[0], starts.at(-1)];
  return {
    ...(first && last ? { first, last } : {}),
    processes: starts.length,
    phases: phaseNames.flatMap((phase) => {
      const record = records.get(phase);
      return record === undefined ? [] : [historyOf(phase, record)];
    }),
    unreadable: [...unreadable.values()],
    ...(end ? { end } : {}),
    ...(stop ? { stop } : {}),
  };
}

function resume(
  { phase, step }: { phase: PhaseName; step: number },
  { records, record }: { records: ReadonlyMap<PhaseName, PhaseRecord>; record: PhaseRecord },
): void {
  record.cut(step);
  record.begun = step;
  if (step > 0 && step < (record.plan?.steps ?? Infinity)) record.resumedAt.add(step);
  for (const later of phaseNames.slice(phaseNames.indexOf(phase) + 1)) records.get(later)?.cut(-1);
}

function historyOf(phase: PhaseName, record: PhaseRecord): PhaseHistory {
  const byStep = (a: { step: number }, b: { step: number }) => a.step - b.step;
  return {
    phase,
    ...(record.plan ? { plan: record.plan } : {}),
    steps: [...record.steps.values()].sort(byStep),
    resumedAt: [...record.resumedAt].sort((a, b) => a - b),
    checkpoints: [...record.checkpoints.values()].sort(byStep),
    samples: [...record.samples.values()].sort(byStep),
    seconds: record.seconds,
    waitedSeconds: record.waitedSeconds,
    flops: record.flops,
  };
}
