import assert from "node:assert/strict";
import { parseLog } from "./log_line.ts";
import { modelCard } from "./model_card.ts";
import { runHistory } from "./run_history.ts";

Deno.test("modelCard() says licence and use, and of a training its numbers and its report", () => {
  const plain = modelCard({ id: "me/icons", license: "mit" });
  assert.match(plain, /^---\nlibrary_name: wuerstchen\npipeline_tag: text-to-image\nlicense: mit\ntags:\n/);
  assert.match(plain, /--model me\/icons\n/);
  assert.doesNotMatch(plain, /## Training/);
  const log = [
    { type: "phase", phase: "stageA", time: "2026-01-01T00:00:00Z", steps: 20, batch: 8, samples: 100, flops: 1e9 },
    {
      type: "step",
      phase: "stageA",
      step: 20,
      loss: 0.25,
      metrics: {},
      norm: 1,
      learningRate: 0.1,
      seconds: 60,
      picturesPerSecond: 3,
      memory: 1000,
    },
  ].map((line) => JSON.stringify(line)).join("\n");
  const card = modelCard({ id: "me/icons", history: runHistory(parseLog(log).lines), report: "training/report.html" });
  assert.match(card, /\n\| Stage A \| 20 \| 8 \| 100 \| 0\.25\S* \| .*1.*min.* \| 20.* GFLOP \|\n/);
  assert.match(card, /\[training\/report\.html\]\(training\/report\.html\)/);
  assert.doesNotMatch(card, /license:/);
});
