import assert from "node:assert/strict";
import { join } from "node:path";
import type { Command } from "commander";
import { drawDiscs } from "../evaluation/_test_drawings.ts";
import { placeInSnapshot, repositoryFolder } from "../hub/cache_layout.ts";
import { packageVersion } from "../runtime/carried_library.ts";
import { hasCudaPackages } from "../runtime/cuda/installed_cuda.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { binary, commandLine } from "../tests/command_line.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { copy } from "../tests/copy_folder.ts";
import { fakeHash, FakeHub, fakeToken } from "../tests/fake_hub.ts";
import { cudaIndex, type FakeIndex } from "../tests/fake_index.ts";
import { addHubModel, hubModel } from "../tests/hub_model.ts";
import { inPairs } from "../tests/in_pairs.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { drawSquares, tinyTraining } from "../train/_tiny_training.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { type Permission, permissionTable } from "./_permissions.ts";
import { createProgram } from "./_program.ts";

const prior = join(tinyModel, "wuerstchen-prior", "prior");
/** A model that allows no commercial use. */
const restricted = "org/restricted";
const size = ["-W", "64", "-H", "64"];
const settings = ["width=64", "height=64", "priorSteps=1", "decoderSteps=1"].flatMap((text) => ["--set", text]);
const quick = ["--prior-steps", "1", "--decoder-steps", "1"];

/** The shortest run of a command, by how the table names it; files are written into `out`. */
const cases: Readonly<Record<string, readonly string[]>> = {
  help: ["help"],
  completions: ["completions", "bash"],
  info: ["info", "picture.png"],
  inspect: ["inspect", tinyModel],
  "dataset check": ["dataset", "check", "discs"],
  "plugins list": ["plugins", "list"],
  "plugins show": ["plugins", "show", "ddim"],
  "cache ls": ["cache", "ls"],
  "cache rm": ["cache", "rm", "org/old", "-y"],
  "cache prune": ["cache", "prune", "-y"],
  "cache verify": ["cache", "verify"],
  plan: ["plan", tinyModel, ...size],
  doctor: ["doctor"],
  "doctor --install cuda": ["doctor", "--install", "cuda"],
  generate: ["generate", "x", "--model", tinyModel, ...size, ...quick, "-o", "out/x.png"],
  reconstruct: ["reconstruct", "picture.png", "--model", "model", ...size, "--decoder-steps", "1", "-o", "out/r.png"],
  train: ["train", "train.jsonc", "-o", "out/run"],
  eval: ["eval", "model", "--data", "discs", "--count", "2", "--prior-guidance", "1", ...quick],
  convert: ["convert", prior, "-o", "out/c.safetensors"],
  export: ["export", tinyModel, ...size, "-o", "out/onnx"],
  "lora extract": ["lora", "extract", prior, "other", "-o", "out/l.safetensors", "--rank", "1"],
  bundle: ["bundle", tinyModel, "-o", "out/m.tar"],
  quantize: ["quantize", tinyModel, "-o", "out/quantized"],
  verify: ["verify", tinyModel, "--precision", "int8", "--prompt", "x", ...size, ...quick],
  run: ["run", "--set", "prompt=x", "--set", `model=${tinyModel}`, ...settings, "-o", "out/experiment"],
  compare: ["compare", "experiment", "experiment"],
  "config schema": ["config", "schema"],
  "config show": ["config", "show", "experiment.jsonc"],
  "plugins new": ["plugins", "new", "scheduler", "mine"],
  pull: ["pull", hubModel.decoder],
  "pull --accept-license": ["pull", restricted, "--accept-license"],
  push: ["push", "model", "me/model", "--license", "mit"],
};

/** The words of a command that does something by itself: those of its commands, or of the actions that it takes. */
function leavesOf(command: Command): string[] {
  const name = command.name();
  if (command.commands.length > 0) return command.commands.flatMap(leavesOf).map((words) => `${name} ${words}`);
  const [first] = command.registeredArguments;
  return first?.name() === "action" ? first.argChoices!.map((choice) => `${name} ${choice}`) : [name];
}

/** Runs a command with some permissions, and none of the environment that the tests have. */
async function run(
  args: readonly string[],
  { needs, cwd, hub, index }: { needs: readonly Permission[]; cwd: string; hub: FakeHub; index: FakeIndex },
): Promise<{ code: number; err: string }> {
  // What one removes another may not miss.
  const home = join(cwd, args[0] === "cache" ? `home-${args[1]}` : "home");
  const allow = needs.map((flag) => {
    // The cache is where a download is written.
    const isCached = args[0] === "pull" || args[0] === "cache" || args[1] === "--install";
    if (flag === "--allow-write=FOLDER") return `--allow-write=${isCached ? join(home, ".cache") : join(cwd, "out")}`;
    if (flag === "--allow-write=CONFIG") return `--allow-write=${join(home, ".config", "wuerstchen")}`;
    if (flag === "--allow-env=HOME") return "--allow-env=HOME,HF_ENDPOINT,PIP_INDEX_URL";
    return flag.replace("HOST", [hub.url, hub.cdn, index.url].map((url) => new URL(url).host).join());
  });
  const [command, ...first] = commandLine(allow);
  const { code, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    // A new plugin is written where the command is run.
    cwd: args[1] === "new" ? join(cwd, "out") : cwd,
    env: { HOME: home, HF_ENDPOINT: hub.url, PIP_INDEX_URL: index.url, DENO_DIR: await denoDir },
    stdout: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

const denoDir = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output()
  .then(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout)).denoDir as string);

/** Everything that the cases read. */
async function prepare(cwd: string): Promise<void> {
  for (const name of ["out", "home/.cache/huggingface"]) await Deno.mkdir(join(cwd, name), { recursive: true });
  await Deno.writeTextFile(join(cwd, "home/.cache/huggingface/token"), fakeToken);
  for (const command of ["ls", "rm", "prune", "verify"]) await prepareCache(join(cwd, `home-${command}`));
  await Deno.writeTextFile(join(cwd, "experiment.jsonc"), `{ "prompt": "x" }`);
  await copyCompressorModel(join(cwd, "model"));
  await drawDiscs(join(cwd, "discs"), { count: 5 });
  await Deno.copyFile(join(cwd, "discs", "0.png"), join(cwd, "picture.png"));
  await drawSquares(join(cwd, "squares"));
  const { stageB: _, stageC: __, ...training } = tinyTraining("squares", { set: ["stageA.steps=1"] });
  await Deno.writeTextFile(join(cwd, "train.jsonc"), JSON.stringify(training));
  await changeWeights(prior, join(cwd, "other"));
  const [command, ...first] = commandLine();
  const args = [...first, ...cases["run"]!, "-o", "experiment"];
  assert.equal((await new Deno.Command(command, { args, cwd, stderr: "null", stdout: "null" }).output()).code, 0);
}

/** A cache with an old revision of a model. */
async function prepareCache(home: string): Promise<void> {
  const repository = repositoryFolder(join(home, ".cache", "huggingface", "hub"), "org/old");
  const hash = fakeHash("config.json", new TextEncoder().encode("{}"));
  await Deno.mkdir(join(repository, "blobs"), { recursive: true });
  await Deno.writeTextFile(join(repository, "blobs", hash), "{}");
  await placeInSnapshot(repository, { commit: "a".repeat(40), path: "config.json", hash });
}

/** Copies a network, its weights halved. */
async function changeWeights(from: string, to: string): Promise<void> {
  await copy(from, to);
  const path = join(to, "diffusion_pytorch_model.safetensors");
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const key of file.tensors.keys()) {
    const { dtype, shape, data } = await file.read(key);
    tensors.set(key, tensor(dtype, shape, (data as Float32Array).map((value) => value / 2)));
  }
  await writeSafetensors(path, tensors, { force: true });
}

Deno.test("every command has its permissions in the table, and no other", () => {
  const leaves = createProgram().commands.flatMap(leavesOf);
  assert.ok(leaves.length > 25 && leaves.includes("cache prune") && leaves.includes("plugins new"));
  const listed = permissionTable.flatMap(({ commands }) => commands);
  assert.deepEqual(listed.toSorted(), Object.keys(cases).sort());
  const withoutFlags = new Set(listed.map((words) => words.split(" --")[0]!));
  assert.deepEqual([...withoutFlags].sort(), ["help", ...leaves].sort());
});

Deno.test({
  name: "every command runs with what the table says, and without one of it ends with exit code 6 and names that",
  // A compiled program has all permissions.
  ignore: binary !== undefined,
  fn: () =>
    inTempFolder(async (cwd) => {
      await prepare(cwd);
      await using hub = new FakeHub();
      await addHubModel(hub);
      const { files } = hub.repositories.get(hubModel.decoder)!;
      const card = `---\nlicense: cc-by-nc-4.0\nprior: ${hubModel.prior}\n---\n`;
      hub.add(restricted, { ...files, "README.md": card });
      await using index = cudaIndex(await packageVersion());
      await inPairs(Object.entries(cases), async ([name, args]) => {
        if (args[1] === "--install" && !hasCudaPackages) return;
        const { needs } = permissionTable.find(({ commands }) => commands.includes(name))!;
        for (const missing of needs) {
          const { code, err } = await run(args, {
            needs: needs.filter((flag) => flag !== missing),
            cwd,
            hub,
            index,
          });
          const flag = missing.split("=")[0]!;
          assert.equal(code, 6, `${name} without ${missing}: ${err}`);
          assert.ok(err.includes(flag), `${name} without ${missing}: ${err}`);
        }
        const { code, err } = await run(args, { needs, cwd, hub, index });
        assert.equal(code, 0, `${name} with ${needs.join(" ")}: ${err}`);
      });
    }),
});

Deno.test("no command is ever allowed to run programs", () => {
  assert.ok(permissionTable.every(({ needs }) => needs.every((flag) => !flag.startsWith("--allow-run"))));
});
