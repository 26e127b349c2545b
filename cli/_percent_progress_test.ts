import assert from "node:assert/strict";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { PercentProgress } from "./_percent_progress.ts";

Deno.test("the line shows percent, and the time left at the mean speed so far", () => {
  const terminal = fakeTerminal();
  let time = 0;
  using progress = new PercentProgress("convert", { terminal, now: () => time });
  progress.update({ done: 5, total: 4000 });
  assert.doesNotMatch(terminal.written.at(-1)!, /[1-9]\d*\/100/);
  time = 30_000;
  progress.update({ done: 1000, total: 4000 });
  assert.match(terminal.written.at(-1)!, /convert, % █+░+ 25\/100 {2}1\.2 s\/step {2}1 min 30 s left$/);
});

Deno.test("a file gets one line at the end, and nothing where the progress is hidden", () => {
  const [shown, hidden] = [fakeTerminal({ isTerminal: false }), fakeTerminal({ isTerminal: false })];
  let time = 0;
  for (const [terminal, isHidden] of [[shown, false], [hidden, true]] as const) {
    using progress = new PercentProgress("export", { terminal, isHidden, now: () => time });
    time += 1000;
    progress.update({ done: 1, total: 2 });
    time += 1000;
    progress.update({ done: 2, total: 2 });
  }
  assert.deepEqual(shown.written, ["export: done in 2.0 s\n"]);
  assert.deepEqual(hidden.written, []);
});
