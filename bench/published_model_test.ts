import assert from "node:assert/strict";
import { join } from "node:path";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { publishedCheckpoints } from "./cases.ts";
import { writePublishedModel } from "./published_model.ts";
import { writeCheckpoints } from "./weights_folder.ts";

const width = { hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2 };
const small = {
  "prior-text": width,
  prior: { c: 48, c_cond: 32, c_r: 16, depth: 1, nhead: 2 },
  "decoder-text": width,
  decoder: {
    c_r: 16,
    c_cond: 32,
    clip_embd: 32,
    c_hidden: [16, 16, 32, 32],
    nhead: [-1, 1, 2, 2],
    blocks: [1, 1, 1, 1],
  },
  vqgan: { bottleneck_blocks: 1, embed_dim: 32, num_vq_embeddings: 32 },
};

Deno.test("a published model of random weights paints, and can be written over", () =>
  inTempFolder(async (folder) => {
    const checkpoints = publishedCheckpoints(folder);
    const names = Object.keys(small) as (keyof typeof small)[];
    const shrunk = names.map((name) => ({
      ...checkpoints[name],
      config: { ...checkpoints[name].config, ...small[name] },
    }));
    await using _ = await writeCheckpoints(shrunk, { keep: false });
    const model = join(folder, "model");
    for (let i = 0; i < 2; i++) await writePublishedModel(model, checkpoints);
    await using pipeline = await loadPipeline(model, { threads: 1, hashWeights: false });
    const { images: [image] } = await pipeline.generate({
      prompt: "a red apple",
      seed: 1,
      width: 128,
      height: 128,
      priorSteps: 1,
      decoderSteps: 1,
    });
    assert.deepEqual([image!.width, image!.height], [128, 128]);
    assert.ok(new Set(image!.data).size > 2);
  }));
