import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/codec.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { commandLine } from "../tests/command_line.ts";
import { copyTinyModel } from "../tests/tiny_model.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";

const repository = join(import.meta.dirname!, "..", "tests", "fixtures", "wuerstchen", "repo");

/** A picture of random weights in well under a second. */
const tiny = ["--model", repository, "-W", "64", "-H", "64", "--steps", "1", "--decoder-steps", "1"];

interface Output {
  code: number;
  out: string;
  bytes: Uint8Array;
  err: string;
}

interface Settings {
  cwd?: string;
  stdin?: string;
  /** Permissions; all where left out. */
  allow?: string[];
}

function start(args: readonly string[], { cwd, allow, stdin }: Settings = {}): Deno.ChildProcess {
  const [command, ...first] = commandLine(allow);
  return new Deno.Command(command, {
    args: [...first, ...args],
    ...(cwd === undefined ? {} : { cwd }),
    env: { NO_COLOR: "1" },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(args: readonly string[], settings: Settings = {}): Promise<Output> {
  const child = start(args, settings);
  const { stdin } = settings;
  // A program that refuses its input may close it before all is written.
  if (stdin !== undefined) await new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, bytes: stdout, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const filesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Makes the weights of a file others, that a picture shows. */
async function halveWeights(path: string): Promise<void> {
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const key of file.tensors.keys()) {
    const { dtype, shape, data } = await file.read(key);
    tensors.set(key, tensor(dtype, shape, (data as Float32Array).map((value) => value / 2)));
  }
  await writeSafetensors(path, tensors, { force: true });
}

/** Runs commands two at a time: a machine of two cores is the least that is expected. */
async function inPairs<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all([work(), work()]);
}

Deno.test("generate writes a PNG under a name made of prompt and seed, and prints the path alone", () =>
  inFolder(async (cwd) => {
    const { code, out, err } = await run(["generate", "a red apple", "-s", "7", ...tiny], { cwd });
    assert.equal(code, 0, err);
    assert.equal(out, "a-red-apple-7.png\n");
    assert.match(err, /^prior text: 1 step in .*\nprior: 1 step in [\s\S]*seed 7\n$/);
    const { width, height } = await decodeImage(await Deno.readFile(join(cwd, "a-red-apple-7.png")));
    assert.deepEqual([width, height], [64, 64]);
  }));

Deno.test("the bundled model is the default, and -o - pipes the picture", async () => {
  const args = ["generate", "-", "-o", "-", "--format", "webp", "--steps", "1", "--decoder-steps", "1"];
  const { code, bytes, err } = await run(args, { stdin: "a dog\n" });
  assert.equal(code, 0, err);
  const { width, height } = await decodeImage(bytes);
  assert.deepEqual([width, height], [128, 128]);
});

Deno.test("-C makes the same file again, and info shows what it reads", () =>
  inFolder(async (cwd) => {
    const made = await run(["generate", "a dog", "-n", "a cat", "-s", "3", "-q", "-o", "dog.png", ...tiny], { cwd });
    assert.equal(made.code, 0, made.err);
    const { code, out, err } = await run(["generate", "-C", "dog.png", "-q"], { cwd });
    assert.deepEqual({ code, out, err }, { code: 0, out: "a-dog-3.png\n", err: "" });
    assert.deepEqual(await Deno.readFile(join(cwd, "a-dog-3.png")), await Deno.readFile(join(cwd, "dog.png")));
    const info = await run(["info", "dog.png"], { cwd, allow: ["--allow-read"] });
    assert.equal(info.code, 0, info.err);
    assert.match(info.out, /^dog\.png: PNG, 64×64 px, \d+ bytes\nprompt +a dog\nnegative prompt +a cat\n/);
    const { metadata } = JSON.parse((await run(["info", "dog.png", "--json"], { cwd })).out);
    assert.equal(metadata.options.seed, 3);
  }));

Deno.test("-C and --from take the halves that --prior and --decoder gave, from any folder", () =>
  inFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(join(folder, "model"));
    for (const file of [join(prior, "prior"), join(decoder, "decoder")]) {
      await halveWeights(join(file, "diffusion_pytorch_model.safetensors"));
    }
    const [made, cwd] = [join(folder, "made"), join(folder, "again")];
    await Promise.all([made, cwd].map((path) => Deno.mkdir(path)));
    const halves = ["--prior", "../model/prior", "--decoder", "../model/decoder", "-q"];
    const paint = ["generate", "a dog", "-s", "3", ...tiny, ...halves];
    for (const args of [["-o", "dog.png"], ["-o", "state", "--stop-after", "prior"]]) {
      const { code, err } = await run([...paint, ...args], { cwd: made });
      assert.deepEqual({ code, err }, { code: 0, err: "" });
    }
    const picture = await Deno.readFile(join(made, "dog.png"));
    await inPairs(["-C=../made/dog.png", "--from=../made/state.safetensors"], async (source) => {
      const name = `${source.slice(0, 3)}.png`;
      const { code, err } = await run(["generate", ...source.split("="), "-q", "-o", name], { cwd });
      assert.deepEqual({ code, err }, { code: 0, err: "" });
      assert.deepEqual(await decodeImage(await Deno.readFile(join(cwd, name))), await decodeImage(picture), source);
    });
    const args = ["generate", "-C", "../made/dog.png", "--prior", join(repository, "wuerstchen-prior"), "-o", "b.png"];
    const other = await run([...args, "-q"], { cwd });
    assert.equal(other.code, 0);
    assert.match(other.err, /^warning: the weights .*\(prior\): it will look different\n$/);
    const { out } = await run(["info", "../made/dog.png"], { cwd });
    assert.match(out, /\nprior from +\S+prior\ndecoder from +\S+decoder\n/);
    await Deno.remove(prior, { recursive: true });
    const gone = await run(["generate", "-C", "../made/dog.png"], { cwd });
    assert.equal(gone.code, 3);
    assert.match(gone.err, /dog\.png: was made with the prior ".*", which is not there: name one with --prior\n$/);
  }));

Deno.test("-C takes the variant of the picture", () =>
  inFolder(async (cwd) => {
    const made = await run(["generate", "a dog", "-s", "3", "-q", "-o", "a.png", "--variant", "fp16", ...tiny], {
      cwd,
    });
    assert.deepEqual([made.code, made.err], [0, ""]);
    const again = await run(["generate", "-C", "a.png", "-q", "-o", "b.png"], { cwd });
    assert.deepEqual([again.code, again.err], [0, ""]);
    assert.deepEqual(await Deno.readFile(join(cwd, "b.png")), await Deno.readFile(join(cwd, "a.png")));
  }));

Deno.test("-C with other weights, fewer threads and another prompt says so and paints", () =>
  inFolder(async (cwd) => {
    const made = await run(["generate", "a dog", "-s", "3", "-q", "-o", "dog.png", "-t", "2", ...tiny], { cwd });
    assert.equal(made.code, 0, made.err);
    const args = ["generate", "a cat", "-C", "dog.png", "-q", "--model", "emoji", "-t", "1", "-W", "128", "-H", "128"];
    const { code, out, err } = await run(args, { cwd });
    assert.deepEqual({ code, out }, { code: 0, out: "a-cat-3.png\n" });
    assert.match(err, /^warning: the weights .*\(prior, .*\n(warning: .*\n)*warning: .* 2 threads, now it is 1/);
  }));

Deno.test("a run that was stopped after a stage ends with the picture of a whole run", () =>
  inFolder(async (cwd) => {
    const whole = await run(["generate", "a dog", "-s", "5", "-q", "-o", "whole.png", ...tiny], { cwd });
    assert.equal(whole.code, 0, whole.err);
    const wanted = await decodeImage(await Deno.readFile(join(cwd, "whole.png")));
    await inPairs(["prior", "decoder"], async (stage) => {
      const half = ["generate", "a dog", "-s", "5", "-q", "--stop-after", stage, "-o", stage, ...tiny];
      assert.equal((await run(half, { cwd })).out, `${stage}.safetensors\n`);
      const rest = ["generate", "--from", `${stage}.safetensors`, "--model", repository, "-q", "-o", `${stage}.png`];
      const { code, err } = await run(rest, { cwd });
      assert.equal(code, 0, err);
      assert.deepEqual(await decodeImage(await Deno.readFile(join(cwd, `${stage}.png`))), wanted);
    });
  }));

Deno.test("--save-tensors keeps the initial noise, and a run that is given it paints the same", () =>
  inFolder(async (cwd) => {
    const saving = ["generate", "x", "-s", "5", "-q", "-o", "a.png", "--save-tensors", "all.safetensors", ...tiny];
    const saved = await run(saving, { cwd });
    assert.equal(saved.code, 0, saved.err);
    const { tensors } = await openSafetensors(join(cwd, "all.safetensors"));
    for (const name of ["prior.text", "noise.prior.0", "image_embeddings", "noise.decoder.0", "decoder.image_uint8"]) {
      assert.ok(tensors.has(name), name);
    }
    // The last step adds no noise, so that with one step the initial noise is all there is.
    const noise = ["--prior-latents", "all.safetensors", "--decoder-latents", "all.safetensors"];
    const again = await run(["generate", "x", "-s", "6", "-q", "-o", "b.png", ...noise, ...tiny], { cwd });
    assert.equal(again.code, 0, again.err);
    const [a, b] = await Promise.all(["a.png", "b.png"].map((name) => Deno.readFile(join(cwd, name))));
    assert.deepEqual(await decodeImage(b!), await decodeImage(a!));
  }));

Deno.test("--json and --jsonl put nothing but JSON on standard output", () =>
  inFolder(async (cwd) => {
    const several = ["generate", "x", "-s", "1,2", "-o", "{seed}-{index}.jpg", ...tiny];
    const { code, out } = await run([...several, "--json"], { cwd });
    assert.equal(code, 0);
    const { paths, seeds, runs, model } = JSON.parse(out);
    assert.deepEqual(paths, ["1-0.jpg", "2-1.jpg"]);
    assert.deepEqual(seeds, [1, 2]);
    assert.deepEqual(runs.map(({ options }: { options: { seed: number } }) => options.seed), [1, 2]);
    assert.equal(Object.keys(model.weights).length, 5);
    const lines = (await run([...several, "--jsonl", "--force"], { cwd })).out.trimEnd().split("\n");
    const types = lines.map((line) => JSON.parse(line).type);
    assert.deepEqual(types.filter((type) => type !== "load" && type !== "step"), [
      "plan",
      "image",
      "result",
      "plan",
      "image",
      "result",
    ]);
    // Five networks, each loaded once for both pictures.
    assert.equal(types.filter((type) => type === "load").length, 5);
  }));

Deno.test("--image-index makes a picture of a batch alone, also from the batch's own settings", () =>
  inFolder(async (cwd) => {
    const batch = [
      "generate",
      "x",
      "-s",
      "1",
      "--rng",
      "stream",
      "--images-per-prompt",
      "2",
      "-q",
      "-o",
      "{index}.png",
    ];
    assert.equal((await run([...batch, ...tiny], { cwd })).code, 0);
    const alone = [
      "generate",
      "-C",
      "0.png",
      "--images-per-prompt",
      "1",
      "--image-index",
      "1",
      "-q",
      "-o",
      "alone.png",
    ];
    const { code, err } = await run(alone, { cwd });
    assert.deepEqual({ code, err }, { code: 0, err: "" });
    const [pixels, expected] = await Promise.all(
      ["alone.png", "1.png"].map(async (name) => (await decodeImage(await Deno.readFile(join(cwd, name)))).data),
    );
    assert.ok(pixels!.every((byte, i) => Math.abs(byte - expected![i]!) <= 2));
  }));

Deno.test("--strict refuses weights with NaN before anything is painted", () =>
  inFolder(async (cwd) => {
    const { decoder } = await copyTinyModel(join(cwd, "model"));
    const file = join(decoder, "vqgan", "diffusion_pytorch_model.safetensors");
    const weights = await openSafetensors(file);
    const tensors = new Map<string, Tensor>();
    for (const key of weights.tensors.keys()) tensors.set(key, await weights.read(key));
    // A part that painting does not use.
    (tensors.get("in_block.1.bias")!.data as Float32Array)[0] = NaN;
    await writeSafetensors(file, tensors, { force: true });
    const args = ["generate", "x", "-q", "-o", "x.png", ...tiny, "--model", "model"];
    const warned = await run(args, { cwd });
    assert.deepEqual([warned.code, warned.out], [0, "x.png\n"]);
    assert.match(warned.err, /^warning: the weights hold NaN or infinity in vqgan: in_block\.1\.bias: /);
    const refused = await run([...args, "--strict", "--force"], { cwd });
    assert.deepEqual([refused.code, refused.out], [3, ""]);
    assert.match(refused.err, /^error: the weights hold NaN or infinity in vqgan: in_block\.1\.bias: /);
    // Where nothing says which weights they were, they are not read, and there is no warning.
    const unread = await run([...args, "--no-metadata", "--force"], { cwd });
    assert.deepEqual([unread.code, unread.err], [0, ""]);
  }));

Deno.test("deno task works where it was started: pictures and paths are relative to that folder", () =>
  inFolder(async (folder) => {
    const cwd = join(folder, "my pictures");
    await Deno.mkdir(cwd);
    const config = join(import.meta.dirname!, "..", "deno.json");
    const task = async (...args: string[]) => {
      // What runs these tests may be a task itself.
      const { INIT_CWD: _, ...env } = Deno.env.toObject();
      const command = new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "--config", config, ...args],
        cwd,
        env: { ...env, NO_COLOR: "1" },
        clearEnv: true,
      });
      const { code, stdout, stderr } = await command.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    assert.equal(await task("generate", "a $HOME dog", "-s", "1", "-q", ...tiny), "a-HOME-dog-1.png\n");
    assert.match(await task("wuerstchen", "info", "a-HOME-dog-1.png"), /prompt +a \$HOME dog\n/);
    assert.deepEqual(filesIn(cwd), ["a-HOME-dog-1.png"]);
  }));

Deno.test("several pictures of one name get numbers, and every one is written", () =>
  inFolder(async (cwd) => {
    const { code, out } = await run(["generate", "x", "-s", "1", "--images-per-prompt", "2", "-q", ...tiny], { cwd });
    assert.equal(code, 0);
    assert.equal(out, "x-1.png\nx-1-2.png\n");
    assert.deepEqual(filesIn(cwd), ["x-1-2.png", "x-1.png"]);
  }));

Deno.test("bad input is answered by one line and the right exit code, and nothing is written", () =>
  inFolder(async (folder) => {
    const cwd = join(folder, "work");
    await Deno.mkdir(cwd);
    const taken = join(folder, "taken.png");
    await Deno.writeTextFile(taken, "mine");
    const nan = join(folder, "nan.safetensors");
    await writeSafetensors(nan, { noise: tensor("float32", [1, 16, 3, 3], new Float32Array(144).fill(NaN)) });
    const cases: { args: string[]; code: number; message: RegExp; stdin?: string }[] = [
      {
        args: ["x", "--prior-stepz", "1"],
        code: 2,
        message: /unknown option '--prior-stepz' .*Did you mean --prior-steps/,
      },
      { args: ["x", "--prior-steps", "0"], code: 2, message: /--prior-steps .* from 1 to 1000 but found 0$/ },
      { args: ["x", "--cfg-scale", "Infinity"], code: 2, message: /--cfg-scale .* from 0 to 100 but found Infinity$/ },
      { args: ["x", "-W", "100000"], code: 2, message: /width .*64 to 4096 but found 100000.*4096.*memory/ },
      { args: ["x", "-H", "63"], code: 2, message: /height .*64 to 4096 but found 63.*64/ },
      { args: [""], code: 2, message: /found an empty one/ },
      { args: ["-"], stdin: "x".repeat(10_000_000), code: 2, message: /131072 bytes .* 10000000/ },
      { args: ["-"], stdin: "a\0b", code: 2, message: /NUL/ },
      { args: [], code: 2, message: /Expected a prompt, such as: wuerstchen generate "/ },
      { args: ["a", "red", "apple"], code: 2, message: /found 3 words: put it in quotes/ },
      { args: ["x", "-o", "-", "--json"], code: 2, message: /--output - or --json/ },
      { args: ["x", "-o", "-", "-s", "1,2"], code: 2, message: /Expected one picture for --output -/ },
      { args: ["x", "-o", taken], code: 2, message: /taken\.png": it exists, use --force/ },
      { args: ["x", "--model", "no-such-model"], code: 3, message: /no-such-model: .*emoji/ },
      { args: ["x", "--model", folder], code: 3, message: /no model_index\.json/ },
      { args: ["-C", taken], code: 3, message: /taken\.png: / },
      { args: ["--from", taken], code: 3, message: /taken\.png: / },
      { args: ["x", ...tiny, "--prior-latents", nan], code: 3, message: /prior.*step 1/ },
    ];
    await inPairs(cases, async ({ args, code, message, stdin }) => {
      const result = await run(["generate", ...args], { cwd, ...(stdin === undefined ? {} : { stdin }) });
      const lines = result.err.trimEnd().split("\n").filter((line) => line.startsWith("error: "));
      assert.equal(result.code, code, `${args.join(" ").slice(0, 80)}: ${result.err}`);
      assert.equal(lines.length, 1, result.err);
      assert.match(lines[0]!, message);
      assert.ok(result.err.endsWith(`${lines[0]}\n`), "nothing follows the error");
      assert.equal(result.out, "");
    });
    assert.deepEqual(filesIn(cwd), []);
    assert.equal(await Deno.readTextFile(taken), "mine");
  }));

Deno.test("help and version need no permission and no model code, and a wrong command gets a hint", async () => {
  const cases: [string[], number, RegExp, RegExp][] = [
    [["--version"], 0, /^wuerstchen \d+\.\d+\.\d+ \(Deno \d.*ONNX Runtime \d+\.\d+\.\d+.*\)\n$/, /^$/],
    [["--help"], 0, /Exit codes:[\s\S]*wuerstchen generate "/, /^$/],
    [
      ["generate", "--help"],
      0,
      /--decoder-guidance[\s\S]*CUDA's[\s\S]*\nHelp:\n.*--debug .*\n {2}-h, --help .*\n\nExamples:/,
      /^$/,
    ],
    [["completions", "bash"], 0, /complete -F _wuerstchen wuerstchen\n$/, /^$/],
    [[], 2, /^$/, /Usage: wuerstchen/],
    [["generat"], 2, /^$/, /^error: unknown command 'generat' \(Did you mean generate\?\)/],
    [["a red apple"], 2, /^$/, /to paint it, wuerstchen generate "a red apple"\n$/],
  ];
  await inPairs(cases, async ([args, code, out, err]) => {
    const result = await run(args, { allow: [] });
    assert.equal(result.code, code, result.err);
    assert.match(result.out, out);
    assert.match(result.err, err);
  });
});

Deno.test("SIGINT ends with 130 and SIGTERM with 143, and finished pictures stay whole", () =>
  inFolder(async (folder) => {
    await inPairs([["SIGINT", 130], ["SIGTERM", 143]] as const, async ([signal, code]) => {
      const cwd = join(folder, signal);
      await Deno.mkdir(cwd);
      // Weights as small as these stay loaded, and every picture is finished before the next one starts.
      const child = start(["generate", "x", "-s", "1-500", "--jsonl", ...tiny], { cwd });
      let out = "";
      let isSent = false;
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        out += text;
        if (!isSent && out.includes('"image"')) child.kill(signal);
        isSent ||= out.includes('"image"');
      }
      const err = await new Response(child.stderr).text();
      assert.equal((await child.status).code, code, err);
      const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
      const paths = events.filter(({ type }) => type === "image").map(({ path }) => path);
      assert.match(err, new RegExp(`error: (interrupted|terminated): ${paths.length} of 500 files are written\n$`));
      assert.equal(events.at(-1).exitCode, code);
      assert.deepEqual(filesIn(cwd), paths.sort());
      for (const path of paths) await decodeImage(await Deno.readFile(join(cwd, path)));
    });
  }));

Deno.test("a batch that fails half way keeps what is finished and ends with 7", () =>
  inFolder(async (cwd) => {
    for (let i = 0; i < 3; i++) await Deno.mkdir(join(cwd, `${i}`));
    const args = ["generate", "x", "-s", "1-3", "--keep-loaded", "--jsonl", "-o", "{index}/x.png"];
    const child = start([...args, ...tiny, "--steps", "50"], { cwd });
    let out = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (out.includes('"image"')) await Deno.remove(join(cwd, "2")).catch(() => {});
    }
    const err = await new Response(child.stderr).text();
    assert.equal((await child.status).code, 7, err);
    assert.match(err, /error: 2 of 3 files are written, then: Cannot write 2\/x\.png: .*\n$/);
    assert.ok((await Deno.stat(join(cwd, "0", "x.png"))).isFile && (await Deno.stat(join(cwd, "1", "x.png"))).isFile);
  }));

Deno.test("two commands with one output name: one is refused, and both files are whole", () =>
  inFolder(async (cwd) => {
    const args = ["generate", "x", "-o", "x.png", "-q", ...tiny];
    const results = await Promise.all([run(args, { cwd }), run(args, { cwd })]);
    assert.deepEqual(results.map(({ code }) => code).sort(), [0, 2]);
    for (const name of filesIn(cwd)) await decodeImage(await Deno.readFile(join(cwd, name)));
  }));

Deno.test("a reader that goes away ends the command quietly", () =>
  inFolder(async (cwd) => {
    const child = start(["generate", "x", "-s", "1-20", "--jsonl", "-q", ...tiny], { cwd });
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    const err = await new Response(child.stderr).text();
    assert.deepEqual({ code: (await child.status).code, err }, { code: 0, err: "" });
  }));

Deno.test({
  name: "a full disk behind standard output is exit code 5",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const command = [...commandLine(), "generate", "x", "-q", "-o", "-", ...tiny];
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", '"$@" > /dev/full', "bash", ...command],
    }).output();
    assert.equal(code, 5);
    assert.match(new TextDecoder().decode(stderr), /^error: Cannot write to standard output: the disk is full/);
  },
});
