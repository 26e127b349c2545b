import assert from "node:assert/strict";
import fc from "fast-check";
import { type FakeTerminal, fakeTerminal } from "../tests/fake_terminal.ts";
import { formatSeconds, Progress } from "./_progress.ts";
import { textWidth } from "./_text_width.ts";

const plan = [{ stage: "prior", total: 4 }, { stage: "decoder", total: 2 }];
const eraseLine = "\r\x1b[K";

/** A clock that stands until it is moved. */
class Clock {
  milliseconds = 1000;
  readonly now = () => this.milliseconds;
}

/** What the last drawing shows. */
function shown(terminal: FakeTerminal): string {
  return terminal.written.at(-1)!.split(eraseLine).at(-1)!;
}

Deno.test("the line shows stage, bar, step, seconds a step and the time left", () => {
  const [terminal, clock] = [fakeTerminal({ columns: 81 }), new Clock()];
  using progress = new Progress(plan, { terminal, now: clock.now });
  assert.equal(shown(terminal), `prior ${"░".repeat(30)} 0/4  …/step  … left`);
  clock.milliseconds += 2000;
  progress.update({ stage: "prior", step: 1, total: 4, seconds: 2 });
  assert.equal(shown(terminal), `prior ${"█".repeat(7)}${"░".repeat(23)} 1/4  2.0 s/step  6.0 s + … left`);
});

Deno.test("a stage that has taken no step is not guessed; the forecast is complete once each has", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  const twice = [...plan, ...plan];
  using progress = new Progress(twice, { terminal, now: clock.now });
  const step = (stage: string, step: number, total: number, seconds: number) => {
    clock.milliseconds += seconds * 1000;
    progress.update({ stage, step, total, seconds });
    return / {2}([^ ].*) left$/.exec(shown(terminal))![1]!.split("  ").at(-1);
  };
  // 3 steps here and 4 in the second run at 1 s; the decoder is unknown.
  assert.equal(step("prior", 1, 4, 1), "7.0 s + …");
  assert.equal(step("prior", 2, 4, 1), "6.0 s + …");
  assert.equal(step("prior", 3, 4, 1), "5.0 s + …");
  assert.equal(step("prior", 4, 4, 1), "4.0 s + …");
  // 1 + 2 decoder steps at 10 s and 4 prior steps at 1 s.
  assert.equal(step("decoder", 1, 2, 10), "34 s");
  assert.equal(step("decoder", 2, 2, 10), "24 s");
  // The second run: the mean is now (4·1 + 6)/5 = 2 s.
  assert.equal(step("prior", 1, 4, 6), "26 s");
  assert.equal(step("prior", 2, 4, 2), "24 s");
});

Deno.test("between two stages the line shows the next", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  using progress = new Progress(plan, { terminal, now: clock.now });
  clock.milliseconds += 500;
  progress.update({ stage: "prior", step: 4, total: 4, seconds: 0.5 });
  assert.match(shown(terminal), /^decoder ░+ 0\/2 {2}…\/step {2}… left$/);
});

Deno.test("it is drawn at most ten times a second", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  using progress = new Progress([{ stage: "prior", total: 1000 }], { terminal, now: clock.now });
  for (let step = 1; step <= 1000; step++) {
    clock.milliseconds += 1;
    progress.update({ stage: "prior", step, total: 1000, seconds: 0.001 });
  }
  // The first drawing, and one after each 100 of 1000 ms.
  assert.equal(terminal.written.length, 11);
});

Deno.test("done() erases the line, whatever comes after", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  const progress = new Progress(plan, { terminal, now: clock.now });
  progress.done();
  progress.done();
  clock.milliseconds += 5000;
  progress.update({ stage: "prior", step: 1, total: 4, seconds: 1 });
  assert.equal(terminal.written.length, 2);
  assert.equal(terminal.written[1], eraseLine);
  // Nothing that would have to be undone: no hidden cursor, no other screen.
  assert.doesNotMatch(terminal.written.join(""), /\?(25|1049)/);
});

Deno.test("clear() makes room, and the next step draws the line again", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  using progress = new Progress(plan, { terminal, now: clock.now });
  progress.clear();
  progress.clear();
  assert.equal(terminal.written.length, 2);
  clock.milliseconds += 200;
  progress.update({ stage: "prior", step: 1, total: 4, seconds: 0.2 });
  assert.match(shown(terminal), /^prior .* 1\/4/);
});

Deno.test("the time left runs while a step does, but not below the steps that follow", async () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  using progress = new Progress([{ stage: "prior", total: 3 }], { terminal, now: clock.now });
  clock.milliseconds += 10_000;
  progress.update({ stage: "prior", step: 1, total: 3, seconds: 10 });
  assert.match(shown(terminal), / 20 s left$/);
  clock.milliseconds += 4000;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.match(shown(terminal), / 16 s left$/);
  clock.milliseconds += 60_000;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.match(shown(terminal), / 10 s left$/);
});

Deno.test("without a terminal it is one plain line for each finished stage", () => {
  const terminal = fakeTerminal({ isTerminal: false });
  using progress = new Progress(plan, { terminal });
  for (let step = 1; step <= 4; step++) progress.update({ stage: "prior", step, total: 4, seconds: 0.25 });
  progress.update({ stage: "decoder", step: 1, total: 2, seconds: 20 });
  progress.update({ stage: "decoder", step: 2, total: 2, seconds: 70 });
  progress.update({ stage: "pixels", step: 1, total: 1, seconds: 3 });
  progress.clear();
  assert.deepEqual(terminal.written, [
    "prior: 4 steps in 1.0 s (0.25 s/step)\n",
    "decoder: 2 steps in 1 min 30 s (45 s/step)\n",
    "pixels: 1 step in 3.0 s\n",
  ]);
});

Deno.test("a dumb terminal gets plain lines and no control codes", () => {
  const terminal = fakeTerminal({ env: { TERM: "dumb" } });
  using progress = new Progress(plan, { terminal });
  for (let step = 1; step <= 4; step++) progress.update({ stage: "prior", step, total: 4, seconds: 1 });
  progress.clear();
  progress.done();
  assert.deepEqual(terminal.written, ["prior: 4 steps in 4.0 s (1.0 s/step)\n"]);
});

Deno.test("the line fits any terminal, also with wide or hostile stage names", () => {
  const names = fc.constantFrom(
    "prior",
    "日本語のステージ",
    "\x1b[2J🍎",
    "a very long name of a stage that somebody wrote",
  );
  fc.assert(fc.property(names, fc.integer({ min: 1, max: 200 }), fc.nat(9), (stage, columns, step) => {
    const [terminal, clock] = [fakeTerminal({ columns }), new Clock()];
    using progress = new Progress([{ stage, total: 10 }, ...plan], { terminal, now: clock.now });
    clock.milliseconds += 1e6;
    progress.update({ stage, step: step + 1, total: 10, seconds: 1000 });
    assert.ok(textWidth(shown(terminal)) < columns, shown(terminal));
    assert.ok(!shown(terminal).includes("\x1b"));
  }));
});

Deno.test("formatSeconds() reads well from milliseconds to hours", () => {
  const texts = [-1, 0.314, 0.999, 9.94, 9.96, 59.4, 59.6, 65, 3599.6, 4320].map(formatSeconds);
  const expected = [
    "0.00 s",
    "0.31 s",
    "1.00 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "1 min 05 s",
    "1 h 00 min",
    "1 h 12 min",
  ];
  assert.deepEqual(texts, expected);
});

Deno.test("replan() replaces what is planned behind the current stage, and with it the time left", () => {
  const [terminal, clock] = [fakeTerminal(), new Clock()];
  using progress = new Progress([...plan, ...plan], { terminal, now: clock.now });
  for (const [stage, total] of [["prior", 4], ["decoder", 2]] as const) {
    clock.milliseconds += total * 1000;
    progress.update({ stage, step: total, total, seconds: total });
  }
  assert.match(shown(terminal), /^prior .* 0\/4 {2}1\.0 s\/step {2}6\.0 s left$/);
  const prior = plan[0]!;
  progress.replan([prior, prior]);
  for (let i = 0; i < 2; i++) {
    clock.milliseconds += 1000;
    progress.update({ stage: "prior", step: 4, total: 4, seconds: 4 });
  }
  assert.match(shown(terminal), /^prior .* 4\/4 {2}1\.0 s\/step {2}0\.00 s left$/);
});
