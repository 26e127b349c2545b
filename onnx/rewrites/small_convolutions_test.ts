import assert from "node:assert/strict";
import { convolution } from "../../networks/layers.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";
import { gelu, graph, input, multiplySmallConvolutions } from "../mod.ts";

const ops = (built: ReturnType<typeof graph>) => built.nodes.map(({ op }) => op);

for (const [h, w, kernel, padding] of [[3, 3, 3, 1], [4, 2, 3, 1], [1, 1, 3, 1], [5, 4, 3, 0], [2, 3, 5, 2]] as const) {
  Deno.test(`a depthwise convolution of ${h}×${w} cells by ${kernel}×${kernel}, padding ${padding}, is a product`, async () => {
    const x = input("x", "float32", [2, h, w, 6]);
    const y = gelu(convolution("depthwise", x, { to: 6, kernel, padding, groups: 6 }));
    const plain = graph({ outputs: { y } });
    assert.ok(ops(plain).includes("Conv"));
    assert.ok(!ops(multiplySmallConvolutions(plain)).includes("Conv"));
    const data = {
      inputs: { x: waves([2, h, w, 6], { base: 0 }) },
      weights: {
        "depthwise.weight": waves([6, 1, kernel, kernel], { base: 0, phase: 1 }),
        "depthwise.bias": waves([6], { phase: 2 }),
      },
    };
    const before = (await runGraph({ y }, data))["y"]!;
    const after = (await runGraph({ y }, { ...data, rewrite: multiplySmallConvolutions }))["y"]!;
    assert.deepEqual(after.shape, before.shape);
    const values = after.data as Float32Array;
    (before.data as Float32Array).forEach((value, i) => assert.ok(Math.abs(values[i]! - value) < 2e-6, `at ${i}`));
  });
}

Deno.test("larger pictures, strides, and channels that mix are left to the runtime", () => {
  const x = (side: number) => input("x", "float32", [2, side, side, 6]);
  for (
    const y of [
      convolution("large", x(16), { to: 6, kernel: 3, padding: 1, groups: 6 }),
      convolution("strided", x(4), { to: 6, kernel: 3, padding: 1, stride: 2, groups: 6 }),
      convolution("grouped", x(4), { to: 6, kernel: 3, padding: 1, groups: 3 }),
      convolution("dense", x(4), { to: 6, kernel: 3, padding: 1 }),
      convolution("wider", x(4), { to: 12, kernel: 3, padding: 1, groups: 6 }),
      convolution("batch", input("x", "float32", ["batch", 4, 4, 6]), { to: 6, kernel: 3, padding: 1, groups: 6 }),
    ]
  ) {
    const plain = graph({ outputs: { y } });
    assert.deepEqual(multiplySmallConvolutions(plain).nodes, plain.nodes);
  }
});
