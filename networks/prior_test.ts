import assert from "node:assert/strict";
import { GraphError, input, traceScopes } from "../onnx/mod.ts";
import { compareModule, inside } from "../tests/module_case.ts";
import { compareCase, openCase } from "../tests/network_case.ts";
import { inputsLike } from "../tests/run_graph.ts";
import { toChannelsFirst, toChannelsLast } from "./layers.ts";
import { priorConfig, priorResBlock, wuerstchenPrior } from "./prior.ts";

Deno.test("priorResBlock() without a skip is the reference's ResBlock", async () => {
  await compareModule("resblock_prior", ({ x }) => ({ out: inside(x!, (x) => priorResBlock(x)) }));
});

Deno.test("priorResBlock() joins its skip before the depthwise convolution", async () => {
  await compareModule("resblock_prior_skip", ({ x, skip }) => ({
    out: inside(x!, (x) => priorResBlock(x, { skip: toChannelsLast(skip!) })),
  }));
});

const sizes = ["b1_24x24like_3x3", "b1_square_5x5", "b1_wide_2x5", "b2_square_4x4", "b2_tall_6x3"];

for (const size of sizes) {
  Deno.test(`wuerstchenPrior() and its outputs a and b equal the reference: ${size}`, async () => {
    const opened = await openCase(`prior_${size}`, priorConfig);
    const { x, r, c } = inputsLike(opened.inputs, { batch: "batch" });
    const { result: out, scopes } = traceScopes(() => wuerstchenPrior(opened.config, { x: x!, r: r!, c: c! }));
    await compareCase(opened, { out, out_ab: toChannelsFirst(scopes.get("out.1")!) });
  });
}

Deno.test("every block of wuerstchenPrior() equals the reference's", async () => {
  const opened = await openCase("prior_b1_24x24like_3x3", priorConfig);
  const { x, r, c } = inputsLike(opened.inputs, { batch: "batch" });
  const { scopes } = traceScopes(() => wuerstchenPrior(opened.config, { x: x!, r: r!, c: c! }));
  const blocks = Array.from({ length: 12 }, (_, i) => [`block.${i}`, toChannelsFirst(scopes.get(`blocks.${i}`)!)]);
  await compareCase(opened, {
    projection: toChannelsFirst(scopes.get("projection")!),
    cond_mapper: scopes.get("cond_mapper")!,
    ...Object.fromEntries(blocks),
  });
});

Deno.test("wuerstchenPrior() names the block whose head count does not fit", () => {
  const config = priorConfig.parse({ c: 6, nhead: 7, c_in: 2, c_cond: 4, depth: 1 });
  const x = input("x", "float32", ["batch", 2, 3, 3]);
  const r = input("r", "float32", ["batch"]);
  const c = input("c", "float32", ["batch", 5, 4]);
  assert.throws(
    () => wuerstchenPrior(config, { x, r, c }),
    new GraphError("blocks.2.attention: Expected 1 to 6 attention heads but found 7"),
  );
});
