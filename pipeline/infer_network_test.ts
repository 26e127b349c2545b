import assert from "node:assert/strict";
import { priorConfig } from "../networks/prior.ts";
import { type Checkpoint, openCheckpoint } from "../weights/checkpoint.ts";
import { recognise } from "../weights/recognise.ts";
import { inferConfig } from "./infer_network.ts";

const checkpoints = new URL("../tests/fixtures/checkpoints/", import.meta.url).pathname;

/** Stage C of Würstchen v1 as it was published, or another one in the original names: what its header says, no numbers. */
async function stageC(
  { c = 1536, text = 1024, depth = 32, isOriginal = true, metadata = {} }: {
    c?: number;
    text?: number;
    depth?: number;
    isOriginal?: boolean;
    metadata?: Record<string, string>;
  },
): Promise<Checkpoint> {
  const opened = await openCheckpoint(`${checkpoints}stage_c_prior.pt`, { stem: "model" });
  const first = opened.tensors.get("projection.weight")!;
  const sizes: Record<string, number[]> = {
    "projection.weight": [c, 16, 1, 1],
    "cond_mapper.0.weight": [c, text],
    "blocks.1.mapper.weight": [2 * c, 64],
    [`blocks.${3 * depth - 1}.kv_mapper.1.weight`]: [c, c],
    "out.1.weight": [32, c, 1, 1],
  };
  const tensors = new Map(Object.entries(sizes).map(([key, shape]) => [key, { ...first, shape }]));
  return { ...opened, tensors, isOriginal, metadata };
}

const inferred = (checkpoint: Checkpoint, text?: number) => {
  const like = text === undefined ? undefined : priorConfig.parse({ c: 1536, nhead: 24, c_cond: text });
  return inferConfig("prior", checkpoint, { file: "x.pt", like });
};

Deno.test("Würstchen v1's Stage C is refused by its name, also for a v2 of another text width", async () => {
  const message =
    /^x\.pt: these are the weights of Würstchen v1's Stage C, which is not supported; if they are your own, /;
  const published = await stageC({});
  assert.equal(recognise(published.tensors)?.kind, "prior");
  assert.throws(() => inferred(published), { name: "CheckpointError", message });
  assert.throws(() => inferred(published, 1280), { name: "CheckpointError", message });
});

Deno.test("a width of text makes no v1: neither other sizes, nor diffusers' names, nor what says that it is v2", async () => {
  const widthOf = (checkpoint: Checkpoint, like?: number) => (inferred(checkpoint, like) as { c_cond: number }).c_cond;
  for (const text of [512, 768, 1280, 2048]) assert.equal(widthOf(await stageC({ text })), text);
  assert.equal(widthOf(await stageC({ c: 1280 })), 1024);
  assert.equal(widthOf(await stageC({ depth: 16 })), 1024);
  assert.equal(widthOf(await stageC({ isOriginal: false })), 1024);
  assert.equal(widthOf(await stageC({}), 1024), 1024);
  const config = JSON.stringify({ c: 1536, nhead: 24, c_cond: 1024, depth: 32 });
  assert.equal(widthOf(await stageC({ metadata: { config } })), 1024);
});
