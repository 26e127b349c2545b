import assert from "node:assert/strict";
import { join } from "node:path";
import { add, cast, gemm, graph, input, mul, parameter, sin } from "../onnx/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { bindCheckpoint } from "../weights/bind.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { GraphRunner, partsOf } from "./graph_runner.ts";

const floats = (...values: number[]) => tensor("float32", [1, values.length], Float32Array.from(values));

/** Runs `use` with a runner of 2·x·weightᵀ + 3·text·weightᵀ, the weight being [size, 1] of ones. */
async function withRunner(
  { size, hoistFrom = 0 }: { size: number; hoistFrom?: number },
  use: (runner: GraphRunner) => Promise<void>,
): Promise<void> {
  await inTempFolder(async (folder) => {
    const ones = tensor("float32", [size, 1], new Float32Array(size).fill(1));
    await writeSafetensors(join(folder, "model.safetensors"), { weight: ones });
    const checkpoint = await openCheckpoint(folder, { stem: "model" });
    const [x, text] = [input("x", "float32", [1, 1]), input("text", "float32", [1, 1])];
    const weight = parameter("weight", [size, 1]);
    const y = add(gemm(x, mul(weight, 2)), gemm(mul(text, 3), weight));
    const runner = await GraphRunner.create(
      partsOf(graph({ inputs: [x, text], outputs: { y } }), { varying: ["x"], hoistFrom }),
      { ...bindCheckpoint(checkpoint.tensors), threads: 1, runtime: nativeRuntime },
    );
    try {
      await use(runner);
    } finally {
      await runner.release();
    }
  });
}

const first = ({ y }: Record<string, Tensor>) => (y!.data as Float32Array)[0];

Deno.test("a run is 2·x + 3·text, whichever of them changes", () =>
  withRunner({ size: 4 }, async (runner) => {
    const text = floats(5);
    assert.equal(first(await runner.run({ x: floats(1), text })), 17);
    assert.equal(first(await runner.run({ x: floats(2), text })), 19);
    assert.equal(first(await runner.run({ x: floats(2), text: floats(6) })), 22);
    assert.equal(first(await runner.run({ x: floats(1), text })), 17);
  }));

Deno.test("what fixed inputs decide is not computed again for the same object", () =>
  withRunner({ size: 4 }, async (runner) => {
    const text = floats(5);
    await runner.run({ x: floats(1), text });
    // Unseen, since the object is the same one: that is what the contract says.
    text.data[0] = 100;
    assert.equal(first(await runner.run({ x: floats(1), text })), 17);
    assert.equal(first(await runner.run({ x: floats(1), text: floats(100) })), 302);
  }));

Deno.test("fixed inputs that take turns are computed once each, and the oldest gives way", () =>
  withRunner({ size: 4 }, async (runner) => {
    const texts = [5, 6, 7].map((value) => floats(value));
    const run = async (i: number) => first(await runner.run({ x: floats(1), text: texts[i]! }, { turns: 2 }));
    assert.deepEqual([await run(0), await run(1)], [17, 20]);
    for (const text of texts) text.data[0] = 100;
    assert.deepEqual([await run(0), await run(1)], [17, 20]);
    assert.equal(await run(2), 302);
    assert.deepEqual([await run(1), await run(0)], [20, 302]);
  }));

Deno.test("what is little work is done at every run", () =>
  withRunner({ size: 4, hoistFrom: 9 }, async (runner) => {
    const text = floats(5);
    await runner.run({ x: floats(1), text });
    text.data[0] = 100;
    assert.equal(first(await runner.run({ x: floats(1), text })), 302);
  }));

Deno.test("large weights that are computed from others are computed by a session of their own", () =>
  withRunner({ size: 17e6 }, async (runner) => {
    const { y } = await runner.run({ x: floats(1), text: floats(5) });
    const values = y!.data as Float32Array;
    assert.deepEqual([values[0], values.at(-1), values.length], [17, 17, 17e6]);
  }));

Deno.test("a missing input is an error that names it", () =>
  withRunner({ size: 4 }, async (runner) => {
    await assert.rejects(() => runner.run({ x: floats(1) }), /text/);
    await assert.rejects(() => runner.run({ text: floats(1) }), /x/);
  }));

Deno.test("a runtime without 64-bit floats is given sines in 32 bits, any other as they are", async () => {
  const x = input("x", "float32", [1, 1]);
  const parts = partsOf(graph({ outputs: { y: cast(sin(cast(x, "float64")), "float32") } }));
  for (const hasFloat64 of [undefined, false]) {
    let hasSine: boolean | undefined;
    const runtime: Runtime = {
      ...nativeRuntime,
      hasFloat64,
      createSession: (model, options) => {
        hasSine = new TextDecoder("latin1").decode(model).includes("Sin");
        return nativeRuntime.createSession(model, options);
      },
    };
    const bind = () => assert.fail("it has no parameters");
    const runner = await GraphRunner.create(parts, { bind, folder: ".", threads: 1, runtime });
    assert.ok(Math.abs(first(await runner.run({ x: floats(9000) }))! - Math.sin(9000)) < 2.5e-7);
    assert.equal(hasSine, hasFloat64 !== false);
    await runner.release();
  }
});
