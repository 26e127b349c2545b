import assert from "node:assert/strict";
import { diffNeXtConfig, wuerstchenDiffNeXt } from "../networks/diffnext.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import { type Graph, graph, input, repeat } from "../onnx/mod.ts";
import { nativeRuntime } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openCase } from "../tests/network_case.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { inputsLike } from "../tests/run_graph.ts";
import { bindCheckpoint } from "../weights/bind.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { GraphRunner, partsOf } from "./graph_runner.ts";
import { halveGraph, rewriteGraph, type RewriteName, rewriteNames } from "./rewrites.ts";

/** A network as it is with guidance: the first row of the latents, with each of the case's two rows of text. */
interface Guided {
  readonly plain: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly checkpoint: Checkpoint;
}

function firstRow({ shape, data, ...rest }: Tensor): Tensor {
  const row = (data as Float32Array).slice(0, data.length / shape[0]!);
  return { ...rest, shape: [1, ...shape.slice(1)], data: row } as Tensor;
}

async function stageC(): Promise<Guided> {
  const { inputs, config, checkpoint } = await openCase("prior_b2_tall_6x3", priorConfig);
  const given = { x: firstRow(inputs["x"]!), r: firstRow(inputs["r"]!), c: inputs["c"]! };
  const { x, r, c } = inputsLike(given);
  const noise = wuerstchenPrior(config, { x: repeat(x, 2), r: repeat(r, 2), c });
  return { plain: graph({ outputs: { noise } }), inputs: given, checkpoint };
}

async function stageB(): Promise<Guided> {
  const { inputs, config, checkpoint } = await openCase("decoder_b2_3x3_32x32", diffNeXtConfig);
  const { effnet, clip } = inputs as { effnet: Tensor; clip: Tensor };
  const given = { x: firstRow(inputs["x"]!), r: firstRow(inputs["r"]!), effnet, clip };
  const rows = inputsLike(given);
  const noise = wuerstchenDiffNeXt(config, { ...rows, x: repeat(rows.x, 2), r: repeat(rows.r, 2) });
  return { plain: graph({ outputs: { noise } }), inputs: given, checkpoint };
}

async function run(
  { plain, inputs, checkpoint }: Guided,
  { only, lower }: { only: readonly RewriteName[]; lower?: (graph: Graph) => Graph },
): Promise<Tensor> {
  const rewritten = rewriteGraph(plain, { without: rewriteNames.filter((name) => !only.includes(name)) });
  const varying = only.includes("hoist") ? ["x", "r"] : undefined;
  const parts = partsOf(rewritten, { varying, hoistFrom: 0, lower });
  const runner = await GraphRunner.create(parts, {
    ...bindCheckpoint(checkpoint.tensors),
    threads: 1,
    runtime: nativeRuntime,
  });
  const { noise } = await runner.run(inputs);
  await runner.release();
  return noise!;
}

/** What a graph in 32 bits is rewritten by: islands are of those in 16. */
const fullNames = rewriteNames.filter((name) => name !== "fp32-islands");

for (const [stage, open] of Object.entries({ "Stage C": stageC, "Stage B": stageB })) {
  for (const only of [...fullNames.map((name) => [name]), fullNames]) {
    Deno.test(`${stage} on the fixtures keeps its numbers to rounding with ${only.join(", ")}`, async () => {
      const guided = await open();
      const before = await run(guided, { only: [] });
      const after = await run(guided, { only });
      const scale = (before.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assertClose(after, before, 2e-6 * scale, "noise");
    });
  }
}

for (const [stage, open] of Object.entries({ "Stage C": stageC, "Stage B": stageB })) {
  Deno.test(`${stage} on the fixtures, computed in 16 bits with islands of 32, is near that in 32`, async () => {
    const guided = await open();
    const before = await run(guided, { only: rewriteNames });
    const after = await run(guided, {
      only: rewriteNames,
      lower: (graph) => halveGraph(graph, { varying: ["x", "r"] }),
    });
    const scale = (before.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assertClose(after, before, 5e-3 * scale, "noise");
    assert.notDeepEqual(after.data, before.data);
    // Without islands a network this small still fits 16 bits.
    const bare = await run(guided, {
      only: rewriteNames,
      lower: (graph) => halveGraph(graph, { varying: ["x", "r"], without: ["fp32-islands"] }),
    });
    assertClose(bare, before, 3e-2 * scale, "noise without islands");
  });

  Deno.test(`${stage} without fp32-islands has fewer nodes between 16 and 32 bits`, async () => {
    const { plain } = await open();
    const casts = (without: readonly RewriteName[]) => {
      const { nodes } = halveGraph(rewriteGraph(plain), { varying: ["x", "r"], without });
      return nodes.filter(({ op }) => op === "Cast").length;
    };
    assert.ok(casts(["fp32-islands"]) < casts([]));
  });
}

Deno.test("a rewrite that is left out leaves the graph as it was", () => {
  const plain = graph({ outputs: { y: repeat(input("x", "float32", ["batch", 2]), 2) } });
  assert.deepEqual(rewriteGraph(plain, { without: rewriteNames }), plain);
});
