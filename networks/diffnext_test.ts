import assert from "node:assert/strict";
import { GraphError, input, traceScopes, type Value } from "../onnx/mod.ts";
import { tensor } from "../tensor/tensor.ts";
import { compareModule, inside } from "../tests/module_case.ts";
import { compareCase, type NetworkCase, openCase } from "../tests/network_case.ts";
import { readFixture } from "../tests/read_fixture.ts";
import { inputsLike } from "../tests/run_graph.ts";
import {
  type DiffNeXtConfig,
  diffNeXtConfig,
  type DiffNeXtInputs,
  diffNeXtOutputs,
  stageBResBlock,
  wuerstchenDiffNeXt,
} from "./diffnext.ts";
import { toChannelsFirst, toChannelsLast } from "./layers.ts";

for (const name of ["resblock_stage_b", "resblock_stage_b_skip"]) {
  Deno.test(`stageBResBlock() equals the reference: ${name}`, async () => {
    const { kernel_size: kernel = 3 } = readFixture(`modules/${name}`).manifest["args"];
    await compareModule(name, ({ x, skip }) => ({
      out: inside(x!, (x) => stageBResBlock(x, { kernel, skip: skip && toChannelsLast(skip) })),
    }));
  });
}

function inputsOf({ inputs }: NetworkCase<DiffNeXtConfig>): DiffNeXtInputs {
  const { x, r, effnet, clip } = inputsLike(inputs, { batch: "batch" });
  return { x: x!, r: r!, effnet: effnet!, clip: clip! };
}

for (const size of ["b1_3x3_32x32", "b1_3x6_32x64", "b1_5x2_48x16", "b2_3x3_32x32"]) {
  Deno.test(`wuerstchenDiffNeXt() and its outputs a and b equal the reference: ${size}`, async () => {
    const opened = await openCase(`decoder_${size}`, diffNeXtConfig);
    const inputs = inputsOf(opened);
    const out = wuerstchenDiffNeXt(opened.config, inputs);
    const effnet = tensor("float32", opened.inputs["effnet"]!.shape);
    const others = [
      { inputs: { effnet }, expected: { out: "out_effnet_zeros" } },
      { inputs: { clip: opened.fixture.tensor("clip_other") }, expected: { out: "out_clip_other" } },
    ];
    await compareCase(opened, { out, ...diffNeXtOutputs(opened.config, inputs) }, { others });
  });
}

Deno.test("every block of wuerstchenDiffNeXt() equals the reference's", async () => {
  const opened = await openCase("decoder_b1_3x3_32x32", diffNeXtConfig);
  const { scopes } = traceScopes(() => diffNeXtOutputs(opened.config, inputsOf(opened)));
  const names = opened.fixture.manifest.tensors.filter(({ file }) => file === "intermediate.safetensors");
  const valueOf = (name: string): Value => {
    if (name === "clip_embedding") return scopes.get("seq_norm")!;
    if (name === "clf") return scopes.get("clf")!;
    return toChannelsFirst(scopes.get(name)!);
  };
  assert.equal(names.length, 65);
  await compareCase(opened, Object.fromEntries(names.map(({ name }) => [name, valueOf(name)])));
});

const small = { c_in: 2, c_out: 2, c_r: 4, c_cond: 3, clip_embd: 5, effnet_embd: 4 };

function build(config: Record<string, unknown>, { side }: { side: number }): Value {
  const sizes = diffNeXtConfig.parse({ ...small, ...config });
  return wuerstchenDiffNeXt(sizes, {
    x: input("x", "float32", ["batch", sizes.c_in, side, side]),
    r: input("r", "float32", ["batch"]),
    effnet: input("effnet", "float32", ["batch", 4, 2, 2]),
    clip: input("clip", "float32", ["batch", 7, 5]),
  });
}

Deno.test("latents that the levels do not divide are refused with the number that they must divide by", () => {
  const config = { c_hidden: [4, 6], nhead: [1, 1], blocks: [1, 1], inject_effnet: [true, true], patch_size: 3 };
  assert.deepEqual(build(config, { side: 12 }).shape, ["batch", 2, 12, 12]);
  assert.throws(
    () => build(config, { side: 9 }),
    new GraphError("Expected latents whose sides divide by 6 but found 9 × 9"),
  );
});

Deno.test("a list shorter than the levels is refused", () => {
  for (const key of ["nhead", "blocks", "level_config", "inject_effnet"]) {
    const { error } = diffNeXtConfig.safeParse({ c_hidden: [1, 2, 3, 4, 5] });
    const issue = error!.issues.find(({ path }) => path[0] === key)!;
    assert.equal(issue.message, "Expected an entry for each of the 5 levels but found 4");
  }
});

Deno.test("mappers of a longer inject_effnet are declared, and must fit the levels that they fall on", () => {
  const config = { c_hidden: [4, 6], nhead: [1, 1], blocks: [1, 1], patch_size: 1, level_config: ["T", "C"] };
  const { parameters } = traceScopes(() => build({ ...config, inject_effnet: [true, false, false] }, { side: 2 }));
  const mappers = [...parameters.keys()].filter((key) => /^effnet_mappers\..*weight/.test(key));
  assert.deepEqual(mappers, ["effnet_mappers.0.weight", "effnet_mappers.5.weight"]);
  assert.throws(
    () => build({ ...config, inject_effnet: [true, false, true] }, { side: 2 }),
    new GraphError("Expected effnet_mappers.2 to follow inject_effnet at level 1: give it one entry a level"),
  );
});
