import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";
import { copy } from "../tests/copy_folder.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick, tinyModel } from "../tests/tiny_model.ts";
import { findModel } from "./model.ts";
import { loadPipeline } from "./pipeline.ts";

const fails = (work: () => Promise<unknown>, message: RegExp) =>
  assert.rejects(work, (error) => error instanceof CheckpointError && message.test(error.message));

/** Lays the tiny model out as diffusers' combined pipeline saves it. */
async function combine({ prior, decoder }: { prior: string; decoder: string }, folder: string): Promise<void> {
  await copy(decoder, folder);
  await copy(join(prior, "prior"), join(folder, "prior_prior"));
  for (const part of ["text_encoder", "tokenizer", "scheduler"]) {
    await copy(join(prior, part), join(folder, `prior_${part}`));
  }
  await Deno.writeTextFile(
    join(folder, "model_index.json"),
    JSON.stringify({ _class_name: "WuerstchenCombinedPipeline", prior_prior: ["diffusers", "WuerstchenPrior"] }),
  );
}

const paint = async (model: string, options = {}) => {
  await using pipeline = await loadPipeline(model, { threads: 2, ...options });
  const { images } = await pipeline.generate({ prompt: "a fox", seed: 1, ...quick });
  return images[0]!.data;
};

Deno.test("all three layouts of one model give the same picture", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(join(folder, "parent"));
    const combined = join(folder, "combined");
    await combine({ prior, decoder }, combined);
    const expected = await paint(tinyModel);
    assert.deepEqual(await paint(join(folder, "parent")), expected);
    assert.deepEqual(await paint(combined), expected);
    assert.deepEqual(await paint(decoder, { prior }), expected);
    assert.deepEqual(await paint(prior, { decoder }), expected);
    assert.deepEqual(await paint("emoji", { prior, decoder }), expected);
  });
});

Deno.test("a decoder leads to the prior that its README names", async () => {
  await inTempFolder(async (folder) => {
    const { decoder, prior } = await copyTinyModel(folder);
    await fails(() => findModel(decoder), /give --prior FOLDER/);
    for (const front of ["prior:\n- someone/prior", 'prior: "../prior"', "license: mit\nprior:\n  - prior"]) {
      await Deno.writeTextFile(join(decoder, "README.md"), `---\n${front}\n---\n# A model\n`);
      assert.equal((await findModel(decoder)).prior.folder, prior);
    }
    await Deno.writeTextFile(join(decoder, "README.md"), "---\nprior:\n- someone/elsewhere\n---\n");
    await fails(() => findModel(decoder), /names the prior someone\/elsewhere/);
  });
});

/** What `findModel(name)` finds when the program runs in `cwd`. */
async function findFrom(cwd: string, name: string): Promise<string> {
  const code = `
    import { findModel } from ${JSON.stringify(new URL("./model.ts", import.meta.url).href)};
    console.log(await findModel(${JSON.stringify(name)}).then(({ prior }) => prior.folder, (error) => error.message));
  `;
  const config = fileURLToPath(new URL("../deno.json", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, "-"],
    cwd,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

Deno.test("a model's source is a bundled name or an absolute folder, and names the halves that were replaced", async () => {
  const source = async (...args: Parameters<typeof findModel>) => (await findModel(...args)).source;
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(folder);
    assert.deepEqual(await source("emoji"), { name: "emoji" });
    assert.deepEqual(await source(relative(Deno.cwd(), folder)), { name: folder });
    const replaced = { prior: relative(Deno.cwd(), prior), decoder };
    assert.deepEqual(await source("emoji", replaced), { name: "emoji", prior, decoder });
    assert.deepEqual(await source(folder, { prior: "emoji" }), { name: folder, prior: "emoji" });
    await Deno.writeTextFile(join(decoder, "README.md"), "---\nprior:\n- someone/prior\n---\n");
    assert.deepEqual(await source(decoder), { name: decoder, prior });
  });
});

Deno.test("an existing folder comes before a bundled name, and ./ forces a folder", async () => {
  await inTempFolder(async (folder) => {
    const real = await Deno.realPath(folder);
    assert.match(await findFrom(real, "emoji"), /models.emoji.prior$/);
    await copyTinyModel(join(real, "emoji"));
    assert.equal(await findFrom(real, "emoji"), join(real, "emoji", "prior"));
    assert.match(await findFrom(real, "./nothing"), /folder that exists/);
  });
});

Deno.test("what is no model is refused, saying what was expected", async () => {
  await inTempFolder(async (folder) => {
    await fails(() => findModel(folder), /no model_index\.json/);
    await fails(() => findModel("no-such-model"), /bundled model \(emoji, emoji-dit, emoji-t5\)/);
    await fails(() => findModel("../emoji"), /folder that exists/);
    const { prior, decoder } = await copyTinyModel(folder);
    await fails(() => findModel(prior), /this is a prior: give one with --decoder/);
    await copy(prior, join(folder, "another"));
    await fails(() => findModel(folder), /one prior repository but found another and prior/);
    await Deno.remove(join(folder, "another"), { recursive: true });
    await Deno.writeTextFile(
      join(decoder, "model_index.json"),
      JSON.stringify({ _class_name: "StableDiffusionPipeline" }),
    );
    await fails(() => findModel(folder), /found "StableDiffusionPipeline"/);
    await Deno.writeTextFile(join(decoder, "model_index.json"), "{");
    await fails(() => findModel(folder), /not valid JSON/);
  });
});

Deno.test("of several repositories of one kind one has to be named, and the others do not matter then", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(join(folder, "model"));
    const priors = join(folder, "priors");
    await copy(prior, join(priors, "a"));
    await copy(prior, join(priors, "b"));
    const several = /priors: Expected one prior repository but found a and b: choose one, such as --prior .*priors.a$/;
    await fails(() => findModel(join(folder, "model"), { prior: priors }), several);
    await fails(() => findModel(decoder, { prior: priors }), several);
    await copy(prior, join(folder, "model", "another"));
    const found = await findModel(join(folder, "model"), { prior: join(priors, "b") });
    assert.deepEqual([found.prior.folder, found.decoder.folder], [join(priors, "b"), decoder]);
    await copy(decoder, join(priors, "c"));
    assert.equal((await findModel("emoji", { decoder: priors })).decoder.folder, join(priors, "c"));
  });
});

Deno.test("wuerstchen.json gives a model its own defaults, and an unknown key is an error", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(folder);
    await Deno.writeTextFile(
      join(prior, "wuerstchen.json"),
      JSON.stringify({ width: 256, prior_steps: 7, max_side: 512 }),
    );
    await Deno.writeTextFile(join(decoder, "wuerstchen.json"), JSON.stringify({ decoder_timesteps: [1, 0.5, 0] }));
    await using pipeline = await loadPipeline(folder);
    assert.deepEqual([pipeline.defaults.width, pipeline.defaults.height, pipeline.defaults.priorSteps], [256, 1024, 7]);
    assert.equal(pipeline.rules.maxSide, 512);
    const { options } = await pipeline.generate({ prompt: "x", height: 128, stopAfter: "prior" });
    assert.deepEqual([options.priorSteps, options.decoderSteps], [7, 2]);
    await Deno.writeTextFile(join(prior, "wuerstchen.json"), JSON.stringify({ widht: 256 }));
    await fails(() => findModel(folder), /wuerstchen\.json: .*"widht"/);
  });
});

Deno.test("settings of wuerstchen.json that contradict each other are an error of the file that says them", async () => {
  await inTempFolder(async (folder) => {
    const { prior, decoder } = await copyTinyModel(folder);
    const write = (half: string, settings: unknown) =>
      Deno.writeTextFile(join(half, "wuerstchen.json"), JSON.stringify(settings));
    for (
      const [settings, message] of [
        [{ min_side: 512, max_side: 256 }, /"min_side": Expected min_side \(512\) to be at most max_side \(256\)/],
        [{ max_side: 32 }, /"max_side": Expected min_side \(64\) to be at most max_side \(32\)/],
        [{ min_side: 5000 }, /"min_side": Expected min_side \(5000\) to be at most max_side \(4096\)/],
        [{ width: 32 }, /"width": Expected a side from 64 to 4096 \(min_side, max_side\) but found 32/],
        [{ height: 512, max_side: 256 }, /"height": Expected a side from 64 to 256 .* but found 512/],
        [{ prior_steps: 1001 }, /"prior_steps": /],
        [{ decoder_guidance: 101 }, /"decoder_guidance": /],
        [{ prior_timesteps: [0.5, 1] }, /"prior_timesteps": Expected timesteps to fall/],
        [{ decoder_timesteps: [1] }, /"decoder_timesteps": Expected timesteps to be at least 2 numbers/],
        [{ negative_prompt: "a\0b" }, /"negative_prompt": .* NUL/],
      ] as const
    ) {
      await write(prior, settings);
      await fails(() => loadPipeline(folder), new RegExp(`prior.wuerstchen\\.json: ${message.source}`));
    }
    // What a later folder says counts, and it is that one's mistake.
    await write(prior, { min_side: 5000 });
    await write(decoder, { max_side: 8000 });
    assert.equal((await findModel(folder)).defaults.max_side, 8000);
    await write(prior, { max_side: 512 });
    await write(decoder, { width: 1024 });
    await fails(() => findModel(folder), /decoder.wuerstchen\.json: "width": /);
  });
});

Deno.test("scales that contradict each other are an error of model_index.json", async () => {
  await inTempFolder(async (folder) => {
    const { decoder } = await copyTinyModel(folder);
    const file = join(decoder, "model_index.json");
    const index = JSON.parse(await Deno.readTextFile(file));
    for (const scale of [1e-9, 0.5, 100, 1e9]) {
      await Deno.writeTextFile(file, JSON.stringify({ ...index, latent_dim_scale: scale }));
      await fails(
        () => loadPipeline(folder),
        /decoder.model_index\.json: "latent_dim_scale": Expected about 10\.67, since .* but found /,
      );
    }
    // Any scale between is taken as it is.
    await Deno.writeTextFile(file, JSON.stringify({ ...index, latent_dim_scale: 8 }));
    await using pipeline = await loadPipeline(folder);
    assert.equal(pipeline.rules.latentDimScale, 8);
  });
});

Deno.test("names and folders of another kind are refused with what was expected", async () => {
  const refuses = (work: () => Promise<unknown>, message: string) =>
    assert.rejects(work, { name: "ConfigError", message });
  await refuses(() => findModel(""), "Expected model to be the name or folder of a model but found nothing");
  // deno-lint-ignore no-explicit-any -- JavaScript brings anything
  const wrong = (value: unknown) => value as any;
  await refuses(() => findModel(wrong(5)), "Expected model to be the name or folder of a model but found 5");
  const message = "Expected prior to be the name or folder of a model but found a list of 1";
  await refuses(() => findModel("emoji", { prior: wrong(["x"]) }), message);
});
