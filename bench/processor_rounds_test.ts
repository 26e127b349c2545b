import assert from "node:assert/strict";
import { ProcessorRounds, type Subject } from "./processor_rounds.ts";

/** A machine whose clock goes on only where something runs. */
class FakeMachine {
  #seconds = 0;
  readonly clock = () => this.#seconds;

  /** Something that takes as many seconds, and twice as many in all runs but every `quiet`th. */
  subject(name: string, seconds: number, { quiet = 1 } = {}): Subject & { runs: number } {
    const subject = {
      name,
      runs: 0,
      run: () => {
        this.#seconds += subject.runs++ % quiet === 0 ? seconds : 2 * seconds;
        return Promise.resolve();
      },
    };
    return subject;
  }
}

const rounded = (ratios: Record<string, number>) =>
  Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, Number(ratio.toFixed(6))]));

Deno.test("a ratio says how often a subject runs while the reference work runs once", async () => {
  const machine = new FakeMachine();
  const subjects = [machine.subject("slow", 0.04), machine.subject("fast", 0.0005)];
  const rounds = new ProcessorRounds(machine.subject("reference", 0.004), subjects, machine);
  await rounds.run({ rounds: 3, seconds: 60 });
  assert.deepEqual(rounded(rounds.ratios()), { slow: 0.1, fast: 8 });
});

Deno.test("disturbed runs do not shift a ratio, as long as some are not", async () => {
  const machine = new FakeMachine();
  const reference = machine.subject("reference", 0.004, { quiet: 3 });
  const rounds = new ProcessorRounds(reference, [machine.subject("one", 0.02, { quiet: 7 })], machine);
  await rounds.run({ rounds: 60, seconds: 60 });
  assert.deepEqual(rounded(rounds.ratios()), { one: 0.2 });
});

Deno.test("run() adds to the samples of those named alone, and takes one round at least", async () => {
  const machine = new FakeMachine();
  const [one, other] = [machine.subject("one", 0.02), machine.subject("other", 0.02)];
  const rounds = new ProcessorRounds(machine.subject("reference", 0.004), [one, other], machine);
  await rounds.run({ rounds: 10, seconds: 0 });
  const before = { one: one.runs, other: other.runs };
  await rounds.run({ rounds: 2, seconds: 60, names: new Set(["one"]) });
  assert.deepEqual([one.runs, other.runs], [3 * before.one, before.other]);
});
