import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { decodeImage } from "../images/codec.ts";
import { writeHandOver } from "../pipeline/hand_over.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import { tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { readExperiment } from "./experiment.ts";
import { type ExperimentPlan, planExperiment, toStored } from "./plan_experiment.ts";
import { type ExperimentEvent, runExperiment } from "./run_experiment.ts";
import { names, RunFolder } from "./run_folder.ts";

const size = { width: 64, height: 64, priorSteps: 1, decoderSteps: 1 };

/** Plans an experiment of small pictures. */
async function plan(settings: object): Promise<ExperimentPlan> {
  const all = Object.entries({ model: tinyModel, threads: 1, ...size, ...settings });
  const set = all.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return await planExperiment(await readExperiment(undefined, { set }), { registry: builtinRegistry() });
}

async function paint(plan: ExperimentPlan, path: string): Promise<ExperimentEvent[]> {
  using folder = await RunFolder.open(path, { config: plan.experiment.config, plan: toStored(plan) });
  return await Array.fromAsync(runExperiment(plan, folder));
}

Deno.test("pictures of several prompts are one draw, and each of them is a cell", () =>
  inTempFolder(async (folder) => {
    const settings = { prompt: ["a fox", "a dog"], imagesPerPrompt: 2, seed: 3 };
    const drawn = await plan(settings);
    assert.equal(new Set(drawn.cells.map(({ id }) => id)).size, 4);
    assert.deepEqual(drawn.cells.map(({ image, seed }) => [image, seed]), [[0, 3], [1, 3], [2, 3], [3, 3]]);
    const paintedIn = (events: ExperimentEvent[]) =>
      events.filter(({ type }) => type === "picture").map((event) => (event as { id: string }).id);
    assert.deepEqual(paintedIn(await paint(drawn, folder)), drawn.cells.map(({ id }) => id));

    await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
    const { images } = await pipeline.generate({ ...size, ...settings });
    for (const { id, image } of drawn.cells) {
      const { data } = await decodeImage(await Deno.readFile(join(folder, names.images, `${id}.png`)));
      assert.deepEqual(new Uint8Array(data), images[image]!.data);
    }

    const third = drawn.cells[2]!.id;
    await Deno.remove(join(folder, names.images, `${third}.png`));
    assert.deepEqual(paintedIn(await paint(drawn, folder)), [third], "only what is missing is written again");
    assert.match(await Deno.readTextFile(join(folder, names.report)), /a dog \(1\)/);
  }));

Deno.test("initial noise and runs that are gone on from are files, and decide what a picture is called", () =>
  inTempFolder(async (folder) => {
    await using pipeline = await loadPipeline(tinyModel, { threads: 1 });
    const [noise, half] = [join(folder, "noise.safetensors"), join(folder, "half.safetensors")];
    const { handOver, plan: { prior } } = await pipeline.generate({
      ...size,
      prompt: "a fox",
      seed: 7,
      stopAfter: "prior",
    });
    const latents = tensor("float32", [1, handOver!.tensor.shape[1]!, prior.height, prior.width]);
    await writeSafetensors(noise, { latents });
    await writeHandOver(half, handOver!);

    const plain = await plan({ prompt: "a fox" });
    const noisy = await plan({ prompt: "a fox", priorLatents: noise });
    assert.notEqual(noisy.cells[0]!.id, plain.cells[0]!.id);
    assert.deepEqual([...noisy.pictures.values()][0]!.request.priorLatents, latents);
    const continued = await plan({
      prompt: "a fox",
      priorSteps: undefined,
      from: half,
      sweep: { grid: { decoderSteps: [1, 2] } },
      decoderSteps: undefined,
    });
    assert.deepEqual(continued.cells.map(({ seed }) => seed), [7, 7]);
    const events = await paint(continued, join(folder, "run"));
    assert.equal(events.filter(({ type }) => type === "picture").length, 2);
    for (
      const [settings, message] of [
        [{ from: half, priorSteps: undefined, seed: 1 }, /"seed": Expected none beside from, whose run has settled it/],
        [
          { reference: { imagesPerPrompt: 2 } },
          /Expected as many pictures of a draw as it is compared with, 1, but found 2/,
        ],
        [{ imagesPerPrompt: 200, seeds: "1-200" }, /at most 10,000 pictures but the draws make 40,000/],
      ] as const
    ) {
      await assert.rejects(
        () => plan({ prompt: "a fox", ...settings }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    }
  }));
