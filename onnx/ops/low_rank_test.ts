import assert from "node:assert/strict";
import { GraphError, parameter } from "../value.ts";
import { runGraph } from "../../tests/run_graph.ts";
import { tensor } from "../../tensor/tensor.ts";
import { addLowRank } from "./low_rank.ts";

const numbers = (shape: readonly number[], ...values: number[]) => tensor("float32", shape, Float32Array.from(values));

Deno.test("addLowRank() is W + s·B·A", async () => {
  const [weight, up, down] = [parameter("w", [2, 3]), parameter("up", [2, 1]), parameter("down", [1, 3])];
  const { sum } = await runGraph({ sum: addLowRank(weight, { up, down, scale: 0.5 }) }, {
    weights: { w: numbers([2, 3], 1, 1, 1, 1, 1, 1), up: numbers([2, 1], 2, -4), down: numbers([1, 3], 1, 2, 3) },
  });
  assert.deepEqual([...sum!.data as Float32Array], [2, 3, 4, -1, -3, -5]);
});

Deno.test("addLowRank() keeps a convolution's shape, whose kernel belongs to A", async () => {
  const [weight, up, down] = [
    parameter("w", [1, 1, 2, 2]),
    parameter("up", [1, 2, 1, 1]),
    parameter("down", [2, 1, 2, 2]),
  ];
  const { sum } = await runGraph({ sum: addLowRank(weight, { up, down, scale: 1 }) }, {
    weights: {
      w: numbers([1, 1, 2, 2], 0, 0, 0, 1),
      up: numbers([1, 2, 1, 1], 1, 10),
      down: numbers([2, 1, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8),
    },
  });
  assert.deepEqual(sum!.shape, [1, 1, 2, 2]);
  assert.deepEqual([...sum!.data as Float32Array], [51, 62, 73, 85]);
});

Deno.test("addLowRank() names shapes that do not fit", () => {
  const fit = { weight: [4, 3], up: [4, 2], down: [2, 3] };
  for (const wrong of [{ up: [3, 2] }, { up: [4, 1] }, { down: [2, 4] }, { weight: [4, 5] }]) {
    const { weight, up, down } = { ...fit, ...wrong };
    assert.throws(
      () => addLowRank(parameter("w", weight), { up: parameter("up", up), down: parameter("down", down), scale: 1 }),
      new GraphError(
        `Expected a weight [o, …], up [o, r] and down [r, …] but found [${weight.join(", ")}], ` +
          `[${up.join(", ")}] and [${down.join(", ")}]`,
      ),
    );
  }
});
