/**
 * What the operators of a run took, out of the file that ONNX Runtime writes.
 * @module
 */

/** Operators of one kind in one run. */
export interface OperatorTime {
  /** As the runtime calls it, after its own fusions, such as `FusedGemm`. */
  readonly op: string;
  readonly count: number;
  readonly seconds: number;
}

/** An event of a profile, in the format of Chrome's traces; times in microseconds. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** A run of a session: when it began, and what it took. */
interface SessionRun {
  readonly from: number;
  readonly to: number;
}

/** How often a profile's session ran. */
export function countRuns(events: readonly ProfileEvent[]): number {
  return runsOf(events).length;
}

function runsOf(events: readonly ProfileEvent[]): SessionRun[] {
  return events.filter(({ name }) => name === "model_run").map(({ ts, dur }) => ({ from: ts, to: ts + dur }));
}

/** Reads the events of a profile. */
export function readProfile(text: string): ProfileEvent[] {
  return JSON.parse(text) as ProfileEvent[];
}

/** What each kind of operator took in the last run of a profile, the slowest first, and what the whole run took. */
export function lastRun(events: readonly ProfileEvent[]): { seconds: number; operators: OperatorTime[] } {
  const run = runsOf(events).at(-1);
  if (!run) throw new Error("Expected a profile with a run but found none");
  const kernels = events.filter(({ cat, name, ts }) =>
    cat === "Node" && name.endsWith("_kernel_time") && ts >= run.from && ts <= run.to
  );
  const operators = [...Map.groupBy(kernels, ({ args }) => args?.op_name ?? "unknown")].map(([op, own]) => ({
    op,
    count: own.length,
    seconds: own.reduce((sum, { dur }) => sum + dur, 0) / 1e6,
  }));
  return { seconds: (run.to - run.from) / 1e6, operators: operators.sort((a, b) => b.seconds - a.seconds) };
}
