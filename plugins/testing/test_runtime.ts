import { add, encodeModel, graph, input, matMul, parameter } from "../../onnx/mod.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { Plugin } from "../define.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";

/** Tests that a runtime keeps its contract: it runs a small model whose weights lie in the model and in a file beside it. */
export function testRuntime(plugin: Plugin<"runtime">, suite: SuiteOptions = {}): void {
  const { options, test = Deno.test } = suite;
  testPlugin(plugin, suite);
  const title = `runtime ${plugin.name}`;

  test(`${title}: says its version`, async () => {
    const version = await (await makePart(plugin, { options, context: undefined })).version();
    expect(typeof version === "string" && version !== "", `version() gives ${JSON.stringify(version)}: give a text`);
  });

  test(`${title}: computes x·A + b with A in the model and b in a file beside it`, async () => {
    const runtime = await makePart(plugin, { options, context: undefined });
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeFile(`${folder}/weights`, new Uint8Array(Float32Array.of(0, 10, 20).buffer));
      const x = input("x", "float32", ["batch", 2]);
      const y = add(matMul(x, parameter("a", [2, 2])), parameter("b", [2]));
      const a = tensor("float32", [2, 2], Float32Array.of(1, 2, 3, 4));
      const model = encodeModel(graph({ inputs: [x], outputs: { y } }), ({ key }) => {
        if (key === "a") return { kind: "tensor", tensor: a };
        return { kind: "external", dtype: "float32", location: "weights", offset: 4 };
      });
      const session = await runtime.createSession(model, { folder, threads: 1 });
      const inputs = JSON.stringify(session.inputs);
      expect(
        inputs === JSON.stringify([{ name: "x", dtype: "float32", shape: ["batch", 2] }]),
        `"inputs" is ${inputs} where x is a float32 of ["batch", 2]`,
      );
      for (const [values, wanted] of [[[1, 0], [11, 22]], [[0, 1, 1, 1], [13, 24, 14, 26]]] as const) {
        const batch = values.length / 2;
        const { y: found } = await session.run({ x: tensor("float32", [batch, 2], Float32Array.from(values)) });
        expect(
          found?.shape?.join() === `${batch},2`,
          `run() gives the shape [${found?.shape}] where [${batch},2] is wanted`,
        );
        expect(
          found.data.join() === wanted.join(),
          `run() gives ${found.data.join()} where ${wanted.join()} is wanted`,
        );
      }
      await session.release();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
