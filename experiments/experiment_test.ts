import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { makeCells } from "./cells.ts";
import { type Experiment, readExperiment } from "./experiment.ts";

type Files = Readonly<Record<string, string>>;

/** Reads `a.jsonc` of some files. */
async function read(
  files: Files,
  { set = [] }: { set?: readonly string[] } = {},
): Promise<Experiment & { folder: string }> {
  let experiment: Experiment & { folder: string } | undefined;
  await inTempFolder(async (folder) => {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    const [main = ""] = Object.keys(files);
    experiment = { ...await readExperiment(join(folder, main), { set }), folder };
    makeCells(experiment);
  });
  return experiment!;
}

async function refuses(files: Files, message: RegExp, options: { set?: readonly string[] } = {}): Promise<void> {
  await assert.rejects(
    () => read(files, options),
    (error) => {
      assert.ok(error instanceof ConfigError, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

Deno.test("a single picture is an experiment of one cell with seed 0", async () => {
  const experiment = await read({ "a.yaml": "prompt: a fox\n" });
  const cells = makeCells(experiment);
  assert.deepEqual(cells, [
    { settings: { model: "emoji", prompt: "a fox" }, swept: {}, seed: 0, repeat: 0, image: 0, reference: undefined },
  ]);
  assert.equal(experiment.name, "a");
});

Deno.test("flags win over the environment, that over the file, and the file over what it extends", async () => {
  const files = {
    "a.jsonc": '{ "extends": "base", "prompt": "a fox", "priorSteps": 2, "decoderSteps": 2, "decoderGuidance": null }',
    "base.jsonc": '{ "extends": ["c.toml"], "priorSteps": 1, "decoderSteps": 1, "width": 1, "decoderGuidance": 3 }',
    "c.toml": 'width = 9\nheight = 9\npriorGuidance = 9\npriorScheduler = { name = "ddim", options = { eta = 1 } }\n',
  };
  Deno.env.set("WUERSTCHEN_PRIOR_STEPS", "3");
  Deno.env.set("WUERSTCHEN_DECODER_STEPS", "3");
  try {
    const { config } = await read(files, { set: ["priorSteps=4", "priorScheduler.options.eta=0.5"] });
    const { priorSteps, decoderSteps, width, height, priorGuidance, decoderGuidance, priorScheduler } =
      config as Record<string, unknown>;
    assert.deepEqual([priorSteps, decoderSteps, width, height, priorGuidance], [4, 3, 1, 9, 9]);
    assert.equal(decoderGuidance, undefined, "null takes back what is extended");
    assert.deepEqual(priorScheduler, { name: "ddim", options: { eta: 0.5 } });
  } finally {
    Deno.env.delete("WUERSTCHEN_PRIOR_STEPS");
    Deno.env.delete("WUERSTCHEN_DECODER_STEPS");
  }
});

Deno.test("a resolved configuration is an experiment that comes to the same", async () => {
  const first = await read({ "a.yaml": "prompt: a fox\nseeds: 1-3\nsweep: { grid: { priorSteps: [1, 2] } }\n" });
  const again = await read({ "a.json": JSON.stringify(first.config) });
  assert.deepEqual(makeCells(again), makeCells(first));
  assert.equal(makeCells(again).length, 6);
});

Deno.test("paths that begin with a dot lie beside the file that they stand in", async () => {
  const { config, folder } = await read({
    "a.json":
      '{ "prompt": "./no path", "model": "./m", "loras": [{ "file": "../l.safetensors" }], "sweep": { "grid": { "decoder": ["./d"] } } }',
  });
  assert.equal(config.prompt, "./no path");
  assert.equal(config.model, join(folder, "m"));
  assert.deepEqual(config.loras, [{ file: join(folder, "..", "l.safetensors"), scale: 1 }]);
  assert.deepEqual(config.sweep, { grid: { decoder: [join(folder, "d")] } });
});

Deno.test("sweeps reach inside of settings, and seeds and repeats multiply", async () => {
  const experiment = await read({
    "a.yaml": "prompt: a fox\nseeds: [5, 6]\nrepeats: 2\npriorScheduler: { name: ddim }\n" +
      "sweep: { grid: { priorScheduler.options.eta: [0, 1] } }\nreference: { priorSteps: 60 }\n",
  });
  const cells = makeCells(experiment);
  assert.deepEqual(cells.map(({ seed, repeat }) => [seed, repeat]), [[5, 0], [5, 1], [6, 0], [6, 1], [5, 0], [5, 1], [
    6,
    0,
  ], [6, 1]]);
  assert.deepEqual(cells.at(-1)!.settings["priorScheduler"], { name: "ddim", options: { eta: 1 } });
  assert.deepEqual([cells[0]!.reference!["priorSteps"], cells[0]!.settings["priorSteps"]], [60, undefined]);
});

Deno.test("what is wrong is said in a line, with its place", async () => {
  await refuses(
    { "a.jsonc": '{\n"prompt": "a",\n"priorStesp": 2 }' },
    /a\.jsonc line 3: "priorStesp": .*did you mean "priorSteps"\?$/,
  );
  await refuses(
    { "a.yaml": "prompt: a\nsweep: { grid: { priorStesp: [1] } }\n" },
    /a\.yaml line 2: sweep: "priorStesp": .*did you mean/,
  );
  await refuses(
    { "a.yaml": "prompt: a\nsweep: { gird: { priorSteps: [1] } }\n" },
    /"sweep\.gird": .*did you mean "grid"/,
  );
  await refuses(
    { "a.yaml": "prompt: a\nsweep: { grid: { __proto__.x: [1] } }\n" },
    /sweep: "__proto__\.x": there is no such setting/,
  );
  await refuses(
    { "a.json": '{ "prompt": "a", "sweep": { "grid": { "__proto__": [1] } } }' },
    /"__proto__" is no name for a setting/,
  );
  await refuses({ "a.yaml": "priorSteps: 2\n" }, /"prompt" is missing/);
  await refuses(
    { "a.yaml": "prompt: a\npriorSteps: many\n" },
    /a\.yaml line 2: "priorSteps": Expected a number but found "many"$/,
  );
  await refuses({ "a.yaml": "prompt: a\n" }, /^--set priorSteps=0: "priorSteps": Expected/, { set: ["priorSteps=0"] });
  await refuses({ "a.yaml": "prompt: a\nschemaVersion: 2\n" }, /"schemaVersion": Expected 1 but found 2/);
  await refuses({ "a.yaml": "prompt: a\nseeds: [1, 1]\n" }, /Expected every seed once but found 1 again/);
  await refuses({ "a.yaml": "prompt: a\nseeds: '-1'\n" }, /Expected no random seed/);
  await refuses(
    { "a.yaml": "prompt: a\nreport: { x: width }\n" },
    /"report\.x": Expected a key that is swept, seed or picture but found "width"/,
  );
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("a flag does not lose to the sweep without a word", async () => {
  const files = { "a.yaml": "prompt: a\nsweep: { grid: { priorSteps: [1, 2] } }\n" };
  await refuses(files, /^--set priorSteps=5: the sweep changes "priorSteps" .*sweep\.grid\.priorSteps=\[…\]/, {
    set: ["priorSteps=5"],
  });
  const { config } = await read(files, { set: ["sweep.grid.priorSteps=[7]"] });
  assert.deepEqual(config.sweep, { grid: { priorSteps: [7] } });
});

Deno.test("files that extend each other in a circle, or without end, are refused", async () => {
  await refuses(
    { "a.json": '{ "extends": "b.json" }', "b.json": '{ "extends": "./a.json" }' },
    /"extends" leads in a circle: .*a\.json → .*b\.json → .*a\.json$/,
  );
  await refuses({ "a.json": '{ "extends": "a" }' }, /leads in a circle/);
  await refuses({ "a.json": '{ "extends": "nowhere.yaml" }' }, /nowhere\.yaml: there is no such file/);
  await refuses({ "a.json": '{ "extends": 3 }' }, /"extends": Expected the path of a file/);
  const doubling = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`f${i}.json`, i === 11 ? "{}" : `{ "extends": ["f${i + 1}", "f${i + 1}"] }`]),
  );
  await refuses(doubling, /Expected at most 100 files/);
});

Deno.test("a sweep of 10⁹ cells is refused with the count", async () => {
  const grid = ["priorSteps", "decoderSteps", "width"].map((key) => `${key}: { from: 1, to: 1000, step: 1 }`).join(
    ", ",
  );
  await refuses(
    { "a.yaml": `prompt: a\nsweep: { grid: { ${grid} } }\n` },
    /a\.yaml line 2: .* 1,000,000,000 \(1,000 × 1,000 × 1,000\)/,
  );
});
