import assert from "node:assert/strict";
import { join } from "node:path";
import { writeMetadata } from "../images/metadata.ts";
import { encodePng } from "../images/png_encode.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { addPluginFlags } from "./_plugin_flags.ts";
import { createProgram } from "./_program.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { readRequest } from "./_request.ts";

/** A picture whose Stage C was sampled by `ddim`. */
async function writePicture(path: string): Promise<void> {
  const options = {
    prompt: "a fox",
    negativePrompt: "",
    width: 64,
    height: 64,
    seed: 1,
    imagesPerPrompt: 1,
    priorScheduler: { name: "ddim", options: { eta: 0.5 } },
    priorSteps: 2,
    priorGuidance: 1,
    decoderSteps: 1,
    decoderGuidance: 0,
    rng: "torch",
  };
  const model = { name: "emoji", weights: {} };
  const facts = { version: "0.1.0", runtime: "1.30.0", threads: 1, index: 0, options, model };
  const png = encodePng({ width: 1, height: 1, channels: 3, data: new Uint8Array(3) });
  await Deno.writeFile(path, writeMetadata(png, "png", { parameters: "x", wuerstchen: JSON.stringify(facts) }));
}

/** The flags of `generate` that a command line adds. */
async function added(args: readonly string[]): Promise<string[]> {
  const program = createProgram();
  const generate = program.commands.find((command) => command.name() === "generate")!;
  const before = generate.options.length;
  await addPluginFlags(program, ["generate", ...args]);
  return generate.options.slice(before).map(({ long }) => long!);
}

Deno.test("the options of a plugin are flags behind its name, or behind the picture that it painted", () =>
  inTempFolder(async (folder) => {
    const picture = join(folder, "fox.png");
    await writePicture(picture);
    assert.deepEqual(await added(["a fox", "--prior-scheduler", "ddim"]), ["--prior-scheduler-eta"]);
    assert.deepEqual(await added(["-C", picture]), []);
    assert.deepEqual(await added(["-C", picture, "--prior-scheduler-eta", "1"]), ["--prior-scheduler-eta"]);
    assert.deepEqual(await added([`--config-from=${picture}`, "--scheduler-eta=1"]), ["--scheduler-eta"]);
    assert.deepEqual(await added(["-C", picture, "--decoder-scheduler-eta", "1"]), []);
  }));

Deno.test("with -C, options are laid over the picture's own, and another plugin has its own alone", () =>
  inTempFolder(async (folder) => {
    const configFrom = join(folder, "fox.png");
    await writePicture(configFrom);
    const read = async (flags: object) => {
      const all = { metadata: true, show: false, configFrom, ...flags } as GenerateFlags;
      return (await readRequest([], all)).runs[0]!.priorScheduler;
    };
    assert.deepEqual(await read({}), { name: "ddim", options: { eta: 0.5 } });
    assert.deepEqual(await read({ priorSchedulerEta: 1 }), { name: "ddim", options: { eta: 1 } });
    assert.deepEqual(await read({ schedulerEta: 0 }), { name: "ddim", options: { eta: 0 } });
    assert.deepEqual(await read({ priorScheduler: "euler" }), { name: "euler", options: {} });
  }));
