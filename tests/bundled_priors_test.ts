/** The priors beside the bundled model: each paints with its decoder what it is asked for. */
import assert from "node:assert/strict";
import { decodeImage } from "../images/codec.ts";
import type { Pixels } from "../images/pixels.ts";
import { loadPipeline } from "../mod.ts";
import { featuresOf, pixelsOf } from "../evaluation/features.ts";

const models = new URL("../models/", import.meta.url);

/** What diffusers painted, whose captions all priors learned. */
async function references(): Promise<{ prompt: string; picture: Pixels }[]> {
  const list: { prompt: string; file: string }[] = JSON.parse(
    await Deno.readTextFile(new URL("emoji/pictures.json", models)),
  );
  const flat = list.filter(({ prompt }) => prompt.includes(","));
  return await Promise.all(flat.map(async ({ prompt, file }) => {
    return { prompt, picture: await decodeImage(await Deno.readFile(new URL(`emoji/${file}`, models))) };
  }));
}

const priors = (await Array.fromAsync(Deno.readDir(models))).map(({ name }) => name).filter((name) => name !== "emoji");

for (const prior of priors.sort()) {
  Deno.test(`--prior ${prior} paints what emoji paints for the same captions, in other pixels`, async () => {
    await using pipeline = await loadPipeline("emoji", { prior, keepLoaded: true });
    const wanted = await references();
    const { images } = await pipeline.generate({
      prompt: wanted.map(({ prompt }) => prompt),
      seed: wanted.map((_, i) => i),
      priorSteps: 20,
      decoderSteps: 6,
    });
    const features = await featuresOf(pipeline, pixelsOf(images));
    const gallery = await featuresOf(pipeline, pixelsOf(wanted.map(({ picture }) => picture)));
    for (const [i, { prompt, picture }] of wanted.entries()) {
      const distances = gallery.map((row) => row.reduce((sum, value, k) => sum + (value - features[i]![k]!) ** 2, 0));
      assert.equal(distances.indexOf(Math.min(...distances)), i, prompt);
      assert.notDeepEqual(images[i]!.data, picture.data);
    }
  });
}

Deno.test("there are other priors beside the bundled model", () => assert.ok(priors.length > 0));
