import assert from "node:assert/strict";
import { type LogLine, parseLog } from "./log_line.ts";

const step: LogLine = {
  type: "step",
  phase: "stageA",
  step: 50,
  loss: 0.25,
  metrics: { squared: 0.2 },
  norm: 1.5,
  learningRate: 1e-4,
  seconds: 12.5,
  picturesPerSecond: 40,
  memory: 2 ** 30,
};
const stop: LogLine = { type: "stop", reason: "interrupted" };

function log(...lines: unknown[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

Deno.test("lines come back in their order", () => {
  assert.deepEqual(parseLog(log(step, stop)), { lines: [step, stop], unread: 0 });
  assert.deepEqual(parseLog(""), { lines: [], unread: 0 });
});

Deno.test("a last line that was cut at any byte is passed over", () => {
  const whole = log(stop, step);
  const first = log(stop).length;
  for (let at = first + 1; at < whole.length - 1; at++) {
    assert.deepEqual(parseLog(whole.slice(0, at)), { lines: [stop], unread: 1 }, `cut at ${at}`);
  }
  assert.deepEqual(parseLog(whole.slice(0, -1)).lines, [stop, step]);
});

Deno.test("a line that was written right behind an unfinished one is read", () => {
  assert.deepEqual(parseLog(`{"type":"step","phase":"st${log(stop, step)}`), { lines: [stop, step], unread: 1 });
});

Deno.test("unknown keys are dropped, unknown lines counted", () => {
  const text = log({ ...stop, colour: "red" }, { type: "later" }, { ...step, phase: "stageD" }, 7, stop);
  assert.deepEqual(parseLog(text), { lines: [stop, stop], unread: 3 });
});

Deno.test("NaN and infinity come back as null", () => {
  const { lines } = parseLog(log({ ...step, loss: NaN, norm: Infinity, metrics: { squared: NaN } }));
  assert.deepEqual(lines, [{ ...step, loss: null, norm: null, metrics: { squared: null } }]);
});
