import assert from "node:assert/strict";
import { countRuns, lastRun, readProfile } from "./operator_times.ts";

const event = (cat: string, name: string, [ts, dur]: [number, number], op?: string) => ({
  cat,
  name,
  ts,
  dur,
  ...(op ? { args: { op_name: op } } : {}),
});

Deno.test("operators of the last run are added up by kind, the slowest first", () => {
  const events = readProfile(JSON.stringify([
    event("Session", "session_initialization", [0, 500]),
    event("Node", "Gemm a_kernel_time", [1010, 9000], "Gemm"),
    event("Session", "model_run", [1000, 9999]),
    event("Node", "Add b_kernel_time", [20_100, 100], "Add"),
    event("Node", "Gemm a_fence_before", [20_200, 1], "Gemm"),
    event("Node", "Gemm a_kernel_time", [20_200, 4000], "Gemm"),
    event("Node", "Gemm c_kernel_time", [24_200, 2000], "Gemm"),
    event("Session", "model_run", [20_000, 7000]),
  ]));
  assert.equal(countRuns(events), 2);
  assert.deepEqual(lastRun(events), {
    seconds: 0.007,
    operators: [{ op: "Gemm", count: 2, seconds: 0.006 }, { op: "Add", count: 1, seconds: 0.0001 }],
  });
  assert.throws(() => lastRun([]), /Expected a profile with a run/);
});
