import assert from "node:assert/strict";
import type { PhaseName } from "../config.ts";
import type { LogLine, StartLine } from "./log_line.ts";
import { runHistory } from "./run_history.ts";

function start(resumedFrom?: StartLine["resumedFrom"]): LogLine {
  return {
    type: "start",
    time: "2026-02-03T14:05:00.000Z",
    version: "0.1.0",
    config: {},
    environment: { deno: "2", onnxruntime: "1", cores: 2, memory: 8, platform: "linux" },
    parameters: { vqgan: 10 },
    samples: 5,
    ...(resumedFrom ? { resumedFrom } : {}),
  };
}

function phase(name: PhaseName, steps: number): LogLine {
  return { type: "phase", phase: name, time: "2026-02-03T14:05:00.000Z", steps, batch: 4, flops: 100 };
}

function step(
  name: PhaseName,
  at: number,
  { loss = at, seconds = at }: { loss?: number; seconds?: number } = {},
): LogLine {
  return {
    type: "step",
    phase: name,
    step: at,
    loss,
    metrics: {},
    norm: 1,
    learningRate: 1,
    seconds,
    picturesPerSecond: 1,
    waitedSeconds: seconds / 10,
    memory: 1,
  };
}

Deno.test("phases are in their order, with what was spent on each", () => {
  const { phases, processes } = runHistory([
    start(),
    phase("stageB", 20),
    step("stageB", 10, { seconds: 8 }),
    phase("stageA", 10),
    step("stageA", 5, { seconds: 2 }),
    step("stageA", 10, { seconds: 4 }),
  ]);
  assert.equal(processes, 1);
  assert.deepEqual(
    phases.map(({ phase, seconds, flops, waitedSeconds }) => ({ phase, seconds, flops, waitedSeconds })),
    [
      { phase: "stageA", seconds: 4, flops: 1000, waitedSeconds: 0.4 },
      { phase: "stageB", seconds: 8, flops: 1000, waitedSeconds: 0.8 },
    ],
  );
});

Deno.test("a resumed process makes the lines beyond its start void, but what they cost was spent", () => {
  const { phases, processes, first, last } = runHistory([
    start(),
    phase("stageA", 40),
    ...[10, 20, 30].map((at) => step("stageA", at, { loss: 1 })),
    { type: "checkpoint", phase: "stageA", step: 20, path: "a" },
    { type: "sample", phase: "stageA", step: 30, file: "samples/30.png" },
    start({ phase: "stageA", step: 20 }),
    phase("stageA", 40),
    ...[25, 35].map((at) => step("stageA", at, { loss: 2, seconds: at - 20 })),
    { type: "sample", phase: "stageA", step: 35, file: "samples/35.png" },
  ]);
  const [stageA] = phases;
  assert.deepEqual(stageA!.steps.map(({ step, loss }) => [step, loss]), [[10, 1], [20, 1], [25, 2], [35, 2]]);
  assert.deepEqual(stageA!.resumedAt, [20]);
  assert.deepEqual(stageA!.samples.map(({ file }) => file), ["samples/35.png"]);
  assert.deepEqual(stageA!.checkpoints.map(({ step }) => step), [20]);
  assert.equal(stageA!.seconds, 30 + 15);
  assert.equal(stageA!.flops, 3000 + 1500);
  assert.equal(processes, 2);
  assert.equal(first!.resumedFrom, undefined);
  assert.deepEqual(last!.resumedFrom, { phase: "stageA", step: 20 });
});

Deno.test("of several lines of a step, or samples of a file, the later wins", () => {
  const sample = { type: "sample", phase: "stageA", step: 10, file: "a.png" } as const;
  const { phases: [stageA] } = runHistory([
    start(),
    step("stageA", 10, { loss: 1 }),
    { ...sample, psnr: 20 },
    start(),
    step("stageA", 10, { loss: 2 }),
    { ...sample, psnr: 30 },
  ]);
  assert.deepEqual(stageA!.steps.map(({ loss }) => loss), [2]);
  assert.deepEqual(stageA!.samples.map(({ psnr }) => psnr), [30]);
});

Deno.test("going back to an earlier phase voids the later ones, and the end of a phase is no resumption within it", () => {
  const { phases } = runHistory([
    start(),
    phase("stageA", 10),
    step("stageA", 10),
    phase("stageB", 10),
    step("stageB", 5),
    start({ phase: "stageA", step: 10 }),
    phase("stageB", 10),
  ]);
  assert.deepEqual(phases.map(({ steps, resumedAt }) => [steps.length, resumedAt]), [[1, []], [0, []]]);
});

Deno.test("a stop or an end counts for the last process alone, and samples are passed over once", () => {
  const stop = { type: "stop", reason: "interrupted" } as const;
  const bad = { type: "unreadable", id: "a.png", reason: "empty" } as const;
  const end = { type: "end", time: "2026-02-03T14:05:00.000Z", seconds: 1, flops: 1 } as const;
  const stopped = runHistory([start(), bad, { ...end, phase: "stageA" }, stop]);
  assert.equal(stopped.stop!.reason, "interrupted");
  assert.equal(stopped.end, undefined);
  const finished = runHistory([start(), bad, stop, start(), bad, end]);
  assert.equal(finished.stop, undefined);
  assert.deepEqual(finished.end, end);
  assert.deepEqual(finished.unreadable, [bad]);
});

Deno.test("an empty log is a history without anything", () => {
  assert.deepEqual(runHistory([]), { processes: 0, phases: [], unreadable: [] });
});
