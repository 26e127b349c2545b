import assert from "node:assert/strict";
import { join } from "node:path";
import { concat } from "../images/concat.ts";
import { pngChunk, pngSignature } from "../images/png_chunks.ts";
import { encodePng } from "../images/png_encode.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { npyFile } from "../train/data/_test_files.ts";
import { drawSquares, tinyTraining } from "../train/_tiny_training.ts";
import { type LogLine, parseLog } from "../train/report/log_line.ts";

const decoder = new TextDecoder();

interface Output {
  code: number;
  out: string;
  err: string;
}

/** Starts `train CONFIG ARGS` in a folder; `limit` is the size in KiB beyond which no file may grow. */
function start(cwd: string, args: readonly string[], { limit }: { limit?: number } = {}): Deno.ChildProcess {
  const program = [...commandLine(), "train", ...args];
  const [command, ...rest] = limit === undefined
    ? program
    : ["bash", "-c", `trap "" XFSZ; ulimit -f ${limit}; exec "$@"`, "bash", ...program];
  return new Deno.Command(command!, {
    args: rest,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(cwd: string, args: readonly string[], options: { limit?: number } = {}): Promise<Output> {
  const { code, stdout, stderr } = await start(cwd, args, options).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Runs with `--jsonl`, and calls `act` at each line. */
async function follow(
  cwd: string,
  args: readonly string[],
  act: (line: LogLine & Record<string, unknown>, child: Deno.ChildProcess) => void | Promise<void>,
): Promise<Output> {
  const child = start(cwd, [...args, "--jsonl"]);
  const err = new Response(child.stderr).text();
  let out = "";
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) await act(JSON.parse(line), child);
  }
  return { code: (await child.status).code, out, err: await err };
}

/** A folder with the pictures `data` and the configuration `train.jsonc`. */
function inTraining(test: (cwd: string) => Promise<void>, set: readonly string[] = []): Promise<void> {
  return inTempFolder(async (cwd) => {
    await drawSquares(join(cwd, "data"));
    await writeConfig(cwd, set);
    await test(cwd);
  });
}

async function writeConfig(cwd: string, set: readonly string[] = []): Promise<void> {
  const config = tinyTraining("data", { set });
  await Deno.writeTextFile(join(cwd, "train.jsonc"), `// of a test\n${JSON.stringify(config)}`);
}

/** As {@linkcode inTraining}, of Stage A alone. */
async function onlyStageA(cwd: string, set: readonly string[] = []): Promise<void> {
  const { stageB: _, stageC: __, ...config } = tinyTraining("data", { set });
  await Deno.writeTextFile(join(cwd, "train.jsonc"), JSON.stringify(config));
}

const namesIn = (...path: string[]) => [...Deno.readDirSync(join(...path))].map(({ name }) => name).sort();

async function logOf(cwd: string): Promise<(LogLine & Record<string, unknown>)[]> {
  const { lines, unread } = parseLog(await Deno.readTextFile(join(cwd, "run", "log.jsonl")));
  assert.equal(unread, 0);
  return [...lines] as (LogLine & Record<string, unknown>)[];
}

/** SHA-256 of every weight file of a model. */
async function weightsOf(model: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const place of ["prior/prior", "prior/text_encoder", "decoder/decoder", "decoder/vqgan", "compressor"]) {
    for (const name of namesIn(model, place).filter((name) => name.endsWith(".safetensors"))) {
      const bytes = await Deno.readFile(join(model, place, name));
      found[place] = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    }
  }
  return found;
}

/** Runs tests two at a time: a machine of two cores is the least that is expected. */
async function inPairs<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all([work(), work()]);
}

Deno.test("train prints the model's path alone, --jsonl the lines of the log, and kill -9 anywhere changes no weight", () =>
  inTraining(async (cwd) => {
    const whole = await run(cwd, ["train.jsonc", "-o", "whole", "--set", "stageA.steps=3"]);
    assert.equal(whole.code, 0, whole.err);
    assert.equal(whole.out, `${join("whole", "model")}\n`);
    assert.match(whole.err, /^Stage A 2 {2}loss .* pictures\/s {2}\d+ MiB {2}[\d.]+ min$/m);
    assert.match(whole.err, /^samples\/stageA-0000003\.png {2}[\d.]+ dB$/m);
    assert.ok(namesIn(cwd, "whole").includes("report.html"));

    const args = ["train.jsonc", "-o", "run", "--set", "stageA.steps=3"];
    // Between two checkpoints; while the second one is written; right behind one; at a phase's beginning.
    const moments: ((line: LogLine & Record<string, unknown>) => boolean)[] = [
      ({ type }) => type === "phase",
      ({ type, phase, step }) => type === "step" && phase === "stageA" && step === 2,
      ({ type, phase, step }) => type === "checkpoint" && phase === "stageB" && step === 2,
      ({ type, phase }) => type === "step" && phase === "stageC",
    ];
    for (const isNow of moments) {
      const { code } = await follow(cwd, args, (line, child) => {
        if (isNow(line)) child.kill("SIGKILL");
      });
      assert.equal(code, 137);
    }
    const { code, out, err } = await follow(cwd, args, () => {});
    assert.equal(code, 0, err);
    assert.deepEqual(await weightsOf(join(cwd, "run", "model")), await weightsOf(join(cwd, "whole", "model")));
    const lines = await logOf(cwd);
    assert.deepEqual(out.trimEnd().split("\n").map((line) => JSON.parse(line)).at(-1), lines.at(-1));
    assert.deepEqual(lines.at(-1)!["path"], join("run", "model"));
    assert.deepEqual(namesIn(cwd, "run", "checkpoints"), ["stageC-0000002", "stageC-0000004"]);
    assert.deepEqual(namesIn(cwd, "run"), namesIn(cwd, "whole"));

    const again = await run(cwd, [...args, "-q"]);
    assert.deepEqual(again, { code: 0, out: `${join("run", "model")}\n`, err: "" });
  }));

Deno.test("Ctrl-C and SIGTERM stop behind a step with a checkpoint, and the run goes on from there", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=100000", "checkpoints.every=100000", "logEvery=1"]);
    const reached: number[] = [];
    for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      let isSent = false;
      const result = await follow(cwd, ["train.jsonc", "-o", "run"], ({ type }, child) => {
        if (type !== "step" || isSent) return;
        isSent = true;
        child.kill(signal);
      });
      assert.equal(result.code, code, result.err);
      assert.match(result.err, /^error: (interrupted|terminated): a checkpoint is in run; start again to go on\n$/);
      const stop = (await logOf(cwd)).at(-1)!;
      assert.deepEqual([stop["type"], stop["reason"]], ["stop", "interrupted"]);
      reached.push(stop["step"] as number);
      assert.equal(namesIn(cwd, "run", "checkpoints").at(-1), `stageA-${String(stop["step"]).padStart(7, "0")}`);
    }
    const [, second] = (await logOf(cwd)).filter(({ type }) => type === "start");
    assert.deepEqual(second!["resumedFrom"], { phase: "stageA", step: reached[0] });
    assert.ok(reached[1]! > reached[0]!);
    assert.deepEqual(namesIn(cwd, "run").filter((name) => name === "model"), []);
  }));

Deno.test("damaged, empty, huge and misfitting pictures are named and passed over", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=3", "stageA.batch=12"]);
    const data = join(cwd, "data");
    const png = encodePng({ width: 64, height: 64, channels: 3, data: new Uint8Array(64 * 64 * 3) });
    const header = png.slice(16, 29);
    new DataView(header.buffer).setUint32(0, 60_000);
    new DataView(header.buffer).setUint32(4, 60_000);
    await Deno.writeFile(join(data, "cut.png"), png.slice(0, png.length - 20));
    await Deno.writeFile(join(data, "empty.png"), new Uint8Array());
    await Deno.writeTextFile(join(data, "text.jpg"), "no picture");
    await Deno.writeFile(join(data, "wide.png"), concat([pngSignature, pngChunk("IHDR", header), png.slice(33)]));
    await Deno.writeFile(join(data, "five.npy"), npyFile("|u1", [8, 8, 5], new Uint8Array(320)));
    await Deno.writeTextFile(join(data, "large.png"), "");
    await Deno.truncate(join(data, "large.png"), 2 ** 30);
    const begun = performance.now();
    const { code, err } = await run(cwd, ["train.jsonc", "-o", "run", "--set", "stageA.steps=6"]);
    assert.equal(code, 0, err);
    const unreadable = (await logOf(cwd)).flatMap((line) => line.type === "unreadable" ? [[line.id, line.reason]] : []);
    const reasons = Object.fromEntries(unreadable) as Record<string, string>;
    assert.deepEqual(Object.keys(reasons).sort(), [
      "cut.png",
      "empty.png",
      "five.npy",
      "large.png",
      "text.jpg",
      "wide.png",
    ]);
    assert.match(reasons["empty.png"]!, /the file is empty/);
    assert.match(reasons["five.npy"]!, /5 channels where 3 are trained/);
    assert.match(reasons["large.png"]!, /1024 MiB, more than the 256 MiB that are read/);
    assert.match(reasons["wide.png"]!, /expected 1 to \d+ pixels but found 60000x60000/);
    for (const [name, reason] of Object.entries(reasons)) assert.ok(err.includes(`warning: ${name}: ${reason}\n`), err);
    assert.ok(performance.now() - begun < 120_000);
  }));

Deno.test("one picture is trained on, and a table that names missing ones too, with a warning each", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=2", "stageA.batch=1"]);
    for (const name of namesIn(cwd, "data").filter((name) => name.endsWith(".png")).slice(1)) {
      await Deno.remove(join(cwd, "data", name));
    }
    const { code, out, err } = await run(cwd, ["train.jsonc", "-o", "run"]);
    assert.deepEqual([code, out], [0, `${join("run", "model")}\n`], err);
    const warnings = err.split("\n").filter((line) => line.startsWith("warning: "));
    assert.deepEqual(warnings, [
      "warning: caption tables name missing pictures (11): metadata.jsonl line 2: 01.png, metadata.jsonl line 3: 02.png, " +
      "metadata.jsonl line 4: 03.png, metadata.jsonl line 5: 04.png, metadata.jsonl line 6: 05.png, and 6 more",
      "warning: there is only 1 picture, which can be learnt by heart and no more",
    ]);
  }));

Deno.test("pictures of grey, grey and alpha, colour, and colour and alpha are trained on together, without a word", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=3", "stageA.batch=4"]);
    const data = join(cwd, "data");
    for (const channels of [1, 2, 3, 4] as const) {
      const samples = new Uint16Array(64 * 64 * channels).fill(40_000);
      await Deno.writeFile(
        join(data, `${channels}.png`),
        encodePng({ width: 64, height: 64, channels, data: samples }),
      );
    }
    const { code, err } = await run(cwd, ["train.jsonc", "-o", "run", "--set", "data.only=^$"]);
    assert.equal(code, 0, err);
    assert.doesNotMatch(err, /warning|error/);
    const [phase] = (await logOf(cwd)).filter(({ type }) => type === "phase");
    assert.equal(phase!["samples"], 4);
  }));

Deno.test("a full disk at a checkpoint ends with 5, the checkpoint before it stays, and nothing is left over", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=100000", "checkpoints.every=2"]);
    const stopAtCheckpoint = async () => {
      let isSent = false;
      const { code, err } = await follow(cwd, ["train.jsonc", "-o", "run"], ({ type }, child) => {
        if (type !== "checkpoint" || isSent) return;
        isSent = true;
        child.kill("SIGINT");
      });
      assert.equal(code, 130, err);
    };
    await stopAtCheckpoint();
    const kept = namesIn(cwd, "run", "checkpoints");
    const { code, out, err } = await run(cwd, ["train.jsonc", "-o", "run"], { limit: 12 });
    assert.deepEqual([code, out], [5, ""], err);
    assert.match(
      err,
      /^error: Cannot write run\/checkpoints\/stageA-\d+\/.*: .* needed.*; the checkpoint before it stays, start again to go on from there$/m,
    );
    assert.deepEqual(namesIn(cwd, "run", "checkpoints"), kept);
    const hidden = namesIn(cwd, "run").filter((name) => name.startsWith("."));
    assert.deepEqual(hidden, [".lock"]);
    await stopAtCheckpoint();
    const starts = (await logOf(cwd)).filter(({ type }) => type === "start");
    assert.deepEqual(starts[2]!["resumedFrom"], starts[1]!["resumedFrom"]);
  }));

Deno.test("a learning rate that explodes ends with 3, and names step, tensor or loss, and the last checkpoint", () =>
  inTraining(async (cwd) => {
    const set = ['stageA.optimiser={"name":"sgd","learningRate":1e4}', "stageA.clip=1e30", "checkpoints.every=1"];
    await onlyStageA(cwd, ["stageA.steps=9", ...set]);
    const { code, out, err } = await run(cwd, ["train.jsonc", "-o", "run"]);
    assert.deepEqual([code, out], [3, ""], err);
    assert.match(err, /^error: stageA: Step \d+: .*; lower the learning rate .* \(run\/checkpoints\/stageA-\d+\)$/m);
    assert.equal((await logOf(cwd)).at(-1)!.type, "stop");
  }));

Deno.test("one folder is one run: a second one is refused, another configuration shown, other samples too", () =>
  inTraining(async (cwd) => {
    await onlyStageA(cwd, ["stageA.steps=100000", "logEvery=1"]);
    let second: Output | undefined;
    const first = await follow(cwd, ["train.jsonc", "-o", "run"], async ({ type }, child) => {
      if (type !== "step" || second) return;
      second = { code: 0, out: "", err: "" };
      second = await run(cwd, ["train.jsonc", "-o", "run"]);
      child.kill("SIGINT");
    });
    assert.equal(first.code, 130, first.err);
    assert.deepEqual([second!.code, second!.out], [2, ""]);
    assert.match(
      second!.err,
      /^error: run: another training is running in this folder; wait for it or choose another folder\n$/,
    );

    const other = await run(cwd, ["train.jsonc", "-o", "run", "--set", "stageA.batch=2", "--set", "logEvery=5"]);
    assert.equal(other.code, 2);
    assert.match(
      other.err,
      /^error: run: the run was started with another configuration \(stageA\.batch: 3 → 2\); .*--accept-changes\n$/,
    );

    await drawSquares(join(cwd, "data", "more"));
    const samples = await run(cwd, ["train.jsonc", "-o", "run"]);
    assert.equal(samples.code, 2);
    assert.match(samples.err, /^error: .*these are not the samples that the run in run was started with.*\n$/);
  }));

Deno.test("what cannot be trained is refused with one line and its exit code, and nothing is built", () =>
  inTraining(async (cwd) => {
    await drawSquares(join(cwd, "uncaptioned"));
    await Deno.remove(join(cwd, "uncaptioned", "metadata.jsonl"));
    await Deno.mkdir(join(cwd, "bad"));
    for (const name of ["a.png", "b.png"]) await Deno.writeTextFile(join(cwd, "bad", name), "");
    await Deno.writeTextFile(join(cwd, "bad", "metadata.jsonl"), '{"file_name":"a.png","text":"a"}\n');
    await Deno.mkdir(join(cwd, "nothing"));
    await Deno.writeTextFile(join(cwd, "taken"), "mine");
    await Deno.writeTextFile(join(cwd, "broken.jsonc"), '{\n  "data": {\n');
    const set = (...changes: string[]) => ["train.jsonc", ...changes.flatMap((change) => ["--set", change])];
    const cases: [args: string[], code: number, message: RegExp][] = [
      [[], 2, /Expected a configuration, such as: wuerstchen train icons\.jsonc$/],
      [["none.jsonc"], 2, /none\.jsonc: there is no such file/],
      [["broken.jsonc"], 2, /broken\.jsonc line \d: /],
      [set("stageA.stpes=1"), 2, /^error: --set stageA\.stpes=1: .*did you mean "steps"\?$/],
      [set("data.size=100"), 2, /data\.size: .*the nearest are 96 and 128$/],
      [set("data.path=uncaptioned"), 2, /uncaptioned: no picture has a caption, which stageB and stageC learn from: /],
      [set("data.path=elsewhere"), 3, /elsewhere: there is no such file or folder$/],
      [set("data.path=nothing"), 3, /nothing: no pictures found/],
      [set("data.path=bad"), 3, /bad: no picture can be read; the last was [ab]\.png: the file is empty$/],
      [
        set("model.prior.c=100000", "model.prior.depth=200"),
        5,
        /^error: stage[ABC] needs about [\d.]+ GB of memory and .* are free: choose /,
      ],
      [[...set(), "-o", "taken"], 2, /taken: Expected a folder for the run but found a file$/],
      [["train.jsonc", "--stes", "1"], 2, /unknown option '--stes'/],
    ];
    await inPairs(cases, async ([args, code, message]) => {
      const output = args.includes("-o") ? [] : ["-o", `run-${cases.findIndex(([other]) => other === args)}`];
      const result = await run(cwd, [...args, ...output]);
      assert.equal(result.code, code, `${args.join(" ")}: ${result.err}`);
      const errors = result.err.trimEnd().split("\n").filter((line) => line.startsWith("error: "));
      assert.equal(errors.length, 1, result.err);
      assert.match(errors[0]!, message);
      assert.ok(result.err.endsWith(`${errors[0]}\n`), result.err);
      assert.equal(result.out, "");
    });
    assert.equal(await Deno.readTextFile(join(cwd, "taken")), "mine");
    assert.deepEqual(namesIn(cwd).filter((name) => namesOfModels(join(cwd, name)).length > 0), []);
  }));

function namesOfModels(path: string): string[] {
  return Deno.statSync(path).isDirectory
    ? namesIn(path).filter((name) => name === "model" || name === "checkpoints" && namesIn(path, name).length > 0)
    : [];
}

Deno.test("--schema prints a JSON Schema and trains nothing", () =>
  inTempFolder(async (cwd) => {
    const { code, out, err } = await run(cwd, ["--schema"]);
    assert.deepEqual([code, err], [0, ""]);
    const schema = JSON.parse(out);
    assert.match(schema.$schema, /json-schema\.org/);
    assert.match(schema.properties.stageB.properties.embeddingNoise.description, /noised/);
    assert.deepEqual(namesIn(cwd), []);
  }));
