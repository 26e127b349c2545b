import assert from "node:assert/strict";
import type { GeneratedImage, GenerateEvent, GenerateResult, ResolvedOptions } from "../pipeline/types.ts";
import { tensor } from "../tensor/tensor.ts";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { Report, type ReportOptions } from "./_report.ts";

const options: ResolvedOptions = {
  prompt: "a dog",
  negativePrompt: "",
  width: 100,
  height: 64,
  seed: 7,
  imagesPerPrompt: 1,
  priorSteps: 2,
  priorGuidance: 2.5,
  decoderSteps: 1,
  decoderGuidance: 0,
  rng: "torch",
};
const plan = {
  image: { width: 100, height: 64 },
  prior: { width: 3, height: 2 },
  decoder: { width: 32, height: 16 },
  decoded: { width: 128, height: 64 },
  crop: { top: 0, left: 14 },
};
const stages = [{ stage: "prior", total: 2 }, { stage: "pixels", total: 1 }] as const;
const result: GenerateResult = {
  images: [],
  seed: 7,
  options,
  plan,
  timings: { total: 3, stages: { prior: { load: 1, run: 2, steps: 2, evaluations: 4 } } },
  warnings: ["a word is lost"],
  model: { name: "emoji", weights: { prior: "aa" } },
};
const image: GeneratedImage = {
  width: 100,
  height: 64,
  channels: 3,
  data: new Uint8Array(100 * 64 * 3),
  seed: 7,
  index: 0,
  prompt: "a dog",
  encode: () => Promise.resolve(new Uint8Array()),
  png: () => Promise.resolve(new Uint8Array()),
};
const latents = () => tensor("float32", [1]);
const events: GenerateEvent[] = [
  { type: "plan", run: 0, plan, options, stages },
  { type: "load", stage: "prior", seconds: 1 },
  { type: "step", run: 0, stage: "prior", step: 1, total: 2, seconds: 1, latents },
  { type: "warning", run: 0, message: "a word\nis lost" },
  { type: "step", run: 0, stage: "prior", step: 2, total: 2, seconds: 1, latents },
  { type: "step", run: 0, stage: "pixels", step: 1, total: 1, seconds: 0.5, latents },
];

/** Tells the story of one picture, and gives back what was written. */
function tell(flags: ReportOptions["flags"], { error = false } = {}) {
  const path = flags.output === "-" ? undefined : "dog.png";
  const [stdout, stderr] = [fakeTerminal({ isTerminal: false }), fakeTerminal({ isTerminal: false })];
  using report = new Report({ flags, stdout, stderr, groups: [1] });
  for (const event of events) report.event(event, 0);
  report.picture(image, { run: 0, path });
  if (error) report.finish({ message: "it broke", exitCode: 3 });
  else {
    report.result(result, 0);
    report.finish();
  }
  return { stdout: stdout.written.join(""), stderr: stderr.written.join("") };
}

Deno.test("people get the path on standard output, and progress, warnings and the seed on standard error", () => {
  const { stdout, stderr } = tell({});
  assert.equal(stdout, "dog.png\n");
  assert.equal(
    stderr,
    "warning: a word\\u{a}is lost\nprior: 2 steps in 2.0 s (1.0 s/step)\npixels: 1 step in 0.50 s\nseed 7\n",
  );
});

Deno.test("--quiet leaves the path and the warnings", () => {
  const { stdout, stderr } = tell({ quiet: true });
  assert.equal(stdout, "dog.png\n");
  assert.equal(stderr, "warning: a word\\u{a}is lost\n");
});

Deno.test("a warning of many runs is told once", () => {
  const [stdout, stderr] = [fakeTerminal({ isTerminal: false }), fakeTerminal({ isTerminal: false })];
  using report = new Report({ flags: { jsonl: true }, stdout, stderr, groups: [2] });
  for (const run of [0, 1]) report.event({ type: "warning", run, message: "a word is lost" }, run);
  assert.deepEqual(stderr.written, ["warning: a word is lost\n"]);
  assert.equal(stdout.written.length, 2);
});

Deno.test("a picture on standard output has no path beside it", () => {
  const { stdout, stderr } = tell({ output: "-" });
  assert.equal(stdout, "");
  assert.match(stderr, /seed 7\n$/);
});

Deno.test("--verbose adds the size plan, the settings and the time of each stage", () => {
  const { stderr } = tell({ verbose: true });
  assert.match(stderr, /size plan: Stage C 3×2, Stage B 32×16, Stage A 128×64 px, cut to 100×64 px from 14,0\n/);
  assert.match(stderr, /settings: prior 2, pixels 1 steps; guidance 2.5 and 0; generator torch\n/);
  assert.match(stderr, /prior: loaded in 1\.0 s, 2 steps in 2\.0 s \(1\.0 s\/step\)\n/);
  assert.match(stderr, /total: 0\.\d\d s\n$/);
});

Deno.test("--json is one object that holds paths, seeds, model, warnings and every run", () => {
  const summary = JSON.parse(tell({ json: true }).stdout);
  const { seconds, version, ...rest } = summary;
  assert.ok(seconds >= 0 && typeof version === "string");
  const { images: _images, model, ...run } = result;
  assert.deepEqual(rest, {
    model,
    paths: ["dog.png"],
    seeds: [7],
    warnings: ["a word\nis lost"],
    runs: [{ ...run, paths: ["dog.png"] }],
  });
});

Deno.test("--json tells of a failure beside what was finished", () => {
  const { paths, runs, error } = JSON.parse(tell({ json: true }, { error: true }).stdout);
  assert.deepEqual({ paths, runs, error }, {
    paths: ["dog.png"],
    runs: [],
    error: { message: "it broke", exitCode: 3 },
  });
});

Deno.test("--jsonl is one object an event", () => {
  const lines = tell({ jsonl: true }).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ type }) => type), [
    "plan",
    "load",
    "step",
    "warning",
    "step",
    "step",
    "image",
    "result",
  ]);
  assert.deepEqual(lines[2], { type: "step", run: 0, stage: "prior", step: 1, total: 2, seconds: 1 });
  assert.deepEqual(lines[6], {
    type: "image",
    run: 0,
    path: "dog.png",
    seed: 7,
    index: 0,
    prompt: "a dog",
    width: 100,
    height: 64,
  });
  const failed = tell({ jsonl: true }, { error: true }).stdout.trimEnd().split("\n").at(-1)!;
  assert.deepEqual(JSON.parse(failed), { type: "error", message: "it broke", exitCode: 3 });
});

Deno.test("the time left counts the runs of all groups", async () => {
  const [stdout, stderr] = [fakeTerminal(), fakeTerminal()];
  using report = new Report({ flags: {}, stdout, stderr, groups: [2, 1] });
  for (const event of events.slice(0, 2)) report.event(event, 0);
  // The line is drawn ten times a second at most.
  await new Promise((resolve) => setTimeout(resolve, 120));
  report.event(events[2]!, 0);
  // One of 3 × 2 steps of a second each is done; nothing is known of the three steps of the other stage.
  assert.match(stderr.written.join(""), /prior .*1\/2 {2}1\.0 s\/step {2}5\.0 s \+ … left/);
});

Deno.test("hashing of weights is shown in percent, before the plan and after the last step", () => {
  const [stdout, stderr] = [fakeTerminal({ isTerminal: false }), fakeTerminal({ isTerminal: false })];
  using report = new Report({ flags: { jsonl: true }, stdout, stderr, groups: [1] });
  const weights = (percent: number) =>
    report.event({ type: "weights", done: 10 * percent, total: 1000, seconds: percent / 10 }, 0);
  for (const percent of [20, 20, 50, 100]) weights(percent);
  assert.deepEqual(stderr.written, ["hash weights, %: 100 steps in 10 s (0.10 s/step)\n"]);
  assert.deepEqual(JSON.parse(stdout.written[0]!), { type: "weights", done: 200, total: 1000, seconds: 2 });
  assert.equal(stdout.written.length, 4);
});

Deno.test("hashing that a picture waits for follows the stages on the progress line", async () => {
  const [stdout, stderr] = [fakeTerminal({ isTerminal: false }), fakeTerminal()];
  using report = new Report({ flags: {}, stdout, stderr, groups: [1] });
  for (const event of events.filter(({ type }) => type !== "warning")) report.event(event, 0);
  // The line is drawn at most every 100 ms.
  await new Promise((resolve) => setTimeout(resolve, 120));
  report.event({ type: "weights", done: 30, total: 100, seconds: 3 }, 0);
  assert.ok(
    stderr.written.some((line) =>
      line.includes("hash weights, % ") && line.includes(" 30/100  0.10 s/step  7.0 s left")
    ),
    stderr.written.join(),
  );
});
