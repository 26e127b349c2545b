import assert from "node:assert/strict";
import { uniform } from "../../tests/check_gradients.ts";
import { runGraph, type Tensors } from "../../tests/run_graph.ts";
import { backward, isBlock, stack } from "../../tests/deep_stack.ts";
import { graph, peakActivationBytes } from "../mod.ts";

Deno.test("recomputed blocks give the same gradients", async () => {
  const loss = stack({ rows: 6, width: 4, depth: 3 });
  const shapes = graph({ outputs: { loss } }).parameters;
  const weights: Tensors = Object.fromEntries(
    shapes.map(({ key, shape }, i) => [key, uniform(shape, { seed: i })]),
  );
  const inputs = { x: uniform([6, 4], { seed: 70 }), condition: uniform([1, 4], { seed: 71 }) };
  const kept = await runGraph({ ...backward(loss) }, { inputs, weights });
  const again = await runGraph({ ...backward(loss, isBlock) }, { inputs, weights });
  assert.ok(Object.values(kept).every(({ data }) => (data as Float32Array).some((element) => element !== 0)));
  assert.deepEqual(again, kept);
});

Deno.test("recomputed blocks keep no more than what passes between them", () => {
  const [rows, width, depth] = [128, 8, 10];
  const loss = stack({ rows, width, depth });
  const peak = (recompute?: (scope: string) => boolean) =>
    peakActivationBytes(graph({ outputs: backward(loss, recompute) }));
  const parameters = graph({ outputs: { loss } }).parameters;
  const gradientBytes = parameters.reduce((sum, { shape }) => sum + 4 * shape.reduce((all, dim) => all * dim, 1), 0);
  const activations = 4 * rows * width;
  assert.ok(peak() - gradientBytes > depth * 10 * activations);
  assert.ok(peak(isBlock) - gradientBytes < (depth + 35) * activations);
});

Deno.test({
  name: "a process that recomputes blocks takes less memory",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const program = new URL("../../tests/measure_stack.ts", import.meta.url).pathname;
    const measure = async (mode: string) => {
      const args = ["run", "-A", "--no-check", program, mode];
      const { stdout, success } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
      assert.ok(success);
      return JSON.parse(new TextDecoder().decode(stdout)) as { forecast: number; found: number };
    };
    const [kept, again] = [await measure("keep"), await measure("recompute")];
    assert.ok(again.forecast < 0.4 * kept.forecast);
    assert.ok(again.found < 0.6 * kept.found, `${again.found} and ${kept.found} bytes`);
  },
});
