import assert from "node:assert/strict";
import { graph, input, type Value } from "../../onnx/mod.ts";
import { tensor } from "../../tensor/tensor.ts";
import { adamW } from "./adamw.ts";
import { free } from "./free.ts";
import { zerosLike } from "./gradient_pass.ts";
import { Update } from "./update.ts";
import { Updater } from "./updater.ts";

const optimiser = adamW({ weightDecay: 0.1 });
const pattern = (count: number, times: number) =>
  Float32Array.from({ length: count }, (_, i) => times * ((i % 8) - 3.5));

Deno.test("a parameter's next values do not depend on whether it is updated by itself or in a row with others", async () => {
  const shapes = new Map([["large", [80, 64]], ["first", [8]], ["second", [2, 4]], ["third", [1, 1, 16]]]);
  const filled = (times: number) =>
    new Map([...shapes].map(([key, shape]) => {
      return [key, tensor("float32", shape, pattern(shape.reduce((all, dim) => all * dim, 1), times))];
    }));
  const updater = await Updater.create(optimiser, shapes, { average: true, threads: 1 });
  let state = {
    weights: filled(1),
    slots: new Map(optimiser.slots.map((slot) => [slot, zerosLike(shapes)])),
    average: filled(2),
  };
  for (let step = 1; step <= 3; step++) {
    const numbers = { step, learningRate: 0.1, scale: 0.5, averageDecay: 0.9 };
    const { weights, slots, average } = await updater.run({ ...state, gradients: filled(step) }, numbers);
    state = { weights, slots, average: average! };
  }
  await updater.release();
  const all = [state.weights, state.average, ...state.slots.values()];
  assert.ok(state.weights.get("large")!.data.every((weight, i) => weight !== pattern(8, 1)[i % 8]));
  for (const tensors of all) {
    const expected = tensors.get("large")!.data.subarray(0, 8);
    for (const [key, { data, shape }] of tensors) {
      assert.deepEqual(shape, shapes.get(key));
      data.forEach((element, i) => assert.equal(element, expected[i % 8], key));
    }
    assert.deepEqual([...tensors.keys()], [...shapes.keys()]);
  }
  free(all.flatMap((tensors) => [...tensors.values()]));
  assert.ok(all.every((tensors) => [...tensors.values()].every(({ data }) => data.length === 0)));
});

Deno.test("more small parameters make no more operators, but for taking their weights apart", () => {
  const nodes = (count: number) => {
    const shapes = new Map(Array.from({ length: count }, (_, i) => [`bias ${i}`, [32]] as const));
    const of = (kind: string) => (key: string): Value => input(`${kind} ${key}`, "float32", [32]);
    const outputs = new Update(optimiser, shapes).outputs({ weight: of("weight"), gradient: of("gradient") });
    return graph({ outputs }).nodes.length;
  };
  assert.equal(nodes(50), nodes(5));
});

Deno.test("a tensor of the state that is missing is named", () => {
  const update = new Update(optimiser, new Map([["weight", [2]]]));
  assert.throws(
    () => update.feeds({ slots: new Map([["m", new Map()]]) }, { step: 1, learningRate: 1 }),
    new TypeError('Expected a tensor for "m of weight"'),
  );
});
