import assert from "node:assert/strict";
import { join } from "node:path";
import { drawDiscs } from "../evaluation/_test_drawings.ts";
import type { EvaluationReport } from "../evaluation/evaluate.ts";
import { commandLine } from "../tests/command_line.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { formatReport } from "./_run_eval.ts";

const report: EvaluationReport = {
  model: { name: "emoji", weights: {} },
  data: { path: "drawings", drawings: 2371, width: 128, height: 128 },
  count: 300,
  seed: 0,
  hasCaptions: true,
  sampling: {},
  seconds: 125,
  measures: [
    { id: "stageB.psnr", name: "Stage B: PSNR", unit: "dB", value: 24.512, count: 300, bar: 24, passed: true },
    {
      id: "text.top1",
      name: "nearest is the drawing",
      unit: "share",
      value: 0.7967,
      count: 300,
      bar: 0.8,
      passed: false,
    },
    { id: "heldOut.top1", name: "unseen pairs", unit: "share", count: 0, bar: 0.75 },
    { id: "drawings.background", name: "the drawings themselves", unit: "share", value: 1, count: 600 },
  ],
};
const plain = { isTerminal: false, env: {}, write: () => {}, columns: () => 80, rows: () => 24 };

Deno.test("formatReport() is a table of values, counts, bars and verdicts", () => {
  assert.equal(
    formatReport(report, { terminal: plain }),
    `emoji on drawings: 2,371 drawings at 128×128 px, seed 0

Stage B: PSNR            24.51 dB       of 300  ≥ 24 dB  pass
nearest is the drawing     79.7 %       of 300  ≥ 80 %   fail
unseen pairs                    –  no pictures  ≥ 75 %
the drawings themselves   100.0 %       of 600

measured in 2 min 05 s
`,
  );
});

async function evaluate(args: readonly string[], { cwd }: { cwd: string }) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, "eval", ...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const quick = ["--count", "2", "--prior-steps", "1", "--prior-guidance", "1", "--decoder-steps", "1", "-t", "1"];

Deno.test("eval takes the data set from train.jsonc or --data, and --strict minds the bars", async () => {
  await inTempFolder(async (cwd) => {
    await copyCompressorModel(join(cwd, "model"));
    await drawDiscs(join(cwd, "discs"), { count: 5 });
    const config = `{
      // Only the rules of training matter here.
      "data": { "path": "../discs", "size": 64, "backgrounds": { "heldOut": { "modulo": 2 } } },
      "stageA": { "steps": 10, "holdOut": { "modulo": 2 } },
    }`;
    await Deno.writeTextFile(join(cwd, "model", "train.jsonc"), config);
    const [json, table] = await Promise.all([
      evaluate(["model", "--json", ...quick], { cwd }),
      evaluate(["model", "--data", "discs", "--strict", ...quick], { cwd }),
    ]);
    assert.equal(json.code, 0, json.err);
    const { measures, model, data, sampling, seed } = JSON.parse(json.out) as EvaluationReport;
    assert.deepEqual([data.drawings, data.width, seed, sampling.priorSteps], [5, 64, 0, 1]);
    assert.equal(model.weights["prior"]!.length, 64);
    assert.equal(measures.find(({ id }) => id === "stageA.unseen.psnr")!.count, 2);
    assert.match(json.err, /^features: 5 steps/m);

    assert.equal(table.code, 3, table.err);
    assert.match(table.out, /^Stage B from true embeddings: PSNR +-?[\d.]+ dB +of 2 +≥ 24 dB +(pass|fail)$/m);
    assert.match(table.err, /^error: model: .*not reached$/m);
  });
});

Deno.test("eval explains in one line what it lacks", async () => {
  await inTempFolder(async (cwd) => {
    await copyCompressorModel(join(cwd, "model"));
    const cases: [args: string[], code: number, message: RegExp][] = [
      [[tinyModel], 3, /Expected a compressor.*published Würstchen v2/],
      [["model"], 2, /there is no train\.jsonc.*give --config FILE/],
      [["model", "--data", "none"], 3, /there is no such file or folder.*--data/],
      [["model", "--config", "none.jsonc"], 2, /none\.jsonc: there is no such file/],
      [["model", "--count", "0"], 2, /Expected --count to be an integer from 1/],
    ];
    for (const [args, code, message] of cases) {
      const result = await evaluate(args, { cwd });
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
      assert.equal(result.err.trimEnd().split("\n").length, 1, result.err);
    }
  });
});
