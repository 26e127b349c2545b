import assert from "node:assert/strict";
import { loadPipeline } from "../pipeline/pipeline.ts";
import { declaredParameters } from "../stages/declared_parameters.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { modelCases, realSizeCases } from "./cases.ts";

Deno.test("a model's cases are its five networks at the size that it paints, with guidance as two rows a latent", async () => {
  const cases = modelCases(await loadPipeline("emoji"));
  assert.deepEqual(cases.map(({ name, sizes }) => [name, sizes.copies, sizes.height]), [
    ["emoji-prior-text", undefined, undefined],
    ["emoji-stage-c", 2, 8],
    ["emoji-decoder-text", undefined, undefined],
    ["emoji-stage-b", 1, 32],
    ["emoji-stage-a", undefined, 32],
  ]);
});

Deno.test("the published networks have as many parameters as the classes of diffusers and transformers", () => {
  const count = ({ network, config }: ReturnType<typeof realSizeCases>[number]["checkpoint"]) =>
    [...declaredParameters(network, config).values()].reduce((sum, shape) => sum + sizeOf(shape), 0);
  assert.deepEqual(Object.fromEntries(realSizeCases("").map(({ name, checkpoint }) => [name, count(checkpoint)])), {
    "prior-text": 693_021_440,
    "decoder-text": 352_984_064,
    "stage-c-1024": 993_636_896,
    "stage-b-512": 1_055_365_280,
    "stage-b-1024": 1_055_365_280,
    // Without num_batches_tracked, which no network reads.
    "stage-a-512": 18_406_902,
    "stage-a-1024": 18_406_902,
  });
});
