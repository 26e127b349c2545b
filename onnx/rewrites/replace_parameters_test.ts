import assert from "node:assert/strict";
import {
  add,
  addLowRank,
  fuseAttention,
  gemm,
  gradient,
  graph,
  input,
  mul,
  parameter,
  reduceMean,
  relu,
  replaceGraphParameters,
  replaceParameters,
  scope,
  sortNodes,
} from "../mod.ts";
import { encodeModel } from "../encode.ts";
import { Session } from "../../runtime/session.ts";
import { waves } from "../../tests/wave_weights.ts";
import type { Tensor } from "../../tensor/tensor.ts";

const x = input("x", "float32", [2, 3]);
const before = scope("first", () => relu(gemm(x, parameter("weight", [4, 3]))));
const after = scope("second", () => gemm(before, parameter("weight", [5, 4]), { bias: parameter("bias", [5]) }));

Deno.test("nodes below a replaced parameter are made anew, all others are shared", () => {
  const nodes = sortNodes([after]);
  const replaced = replaceParameters(nodes, (value, key) => key === "second.weight" ? mul(value, 2) : undefined);
  assert.equal(replaced.of(before), before);
  const made = replaced.of(after);
  assert.notEqual(made, after);
  assert.deepEqual(made.shape, after.shape);
  assert.deepEqual(sortNodes([made]).map(({ op, scope }) => [op, scope]), [
    ["Gemm", "first"],
    ["Relu", "first"],
    ["Mul", ""],
    ["Gemm", "second"],
  ]);
  assert.deepEqual(new Set(sortNodes([made])), new Set(replaced.nodes));
  // What was there before is as it was.
  assert.deepEqual(sortNodes([after]), nodes);
});

Deno.test("a parameter that is used twice is asked for once, and stands as itself inside of what replaces it", () => {
  const twice = add(parameter("w", [3]), mul(parameter("w", [3]), 3));
  const asked: string[] = [];
  const { of } = replaceParameters(sortNodes([twice]), (value, key) => {
    asked.push(key);
    return mul(value, parameter("scale", [3]));
  });
  assert.deepEqual(asked, ["w"]);
  const built = graph({ outputs: { sum: of(twice) } });
  assert.deepEqual(built.parameters.map(({ key }) => key), ["w", "scale"]);
  assert.equal(built.nodes.filter(({ op }) => op === "Mul").length, 2);
});

Deno.test("an output that is a parameter itself is replaced", () => {
  const plain = graph({ outputs: { w: parameter("w", [3]) } });
  const replaced = replaceGraphParameters(plain, (value) => mul(value, 2));
  assert.deepEqual(replaced.nodes.map(({ op }) => op), ["Mul"]);
  assert.equal(replaced.outputs[0]!.value.source.kind, "node");
});

Deno.test("a graph that was rewritten keeps its rewriting", async () => {
  const plain = graph({ outputs: { after } });
  const replaced = replaceGraphParameters(
    fuseAttention(plain),
    (weight, key) =>
      key.endsWith("weight")
        ? addLowRank(weight, {
          up: parameter(`${key}.up`, [weight.size(0), 1]),
          down: parameter(`${key}.down`, [1, weight.size(1)]),
          scale: 2,
        })
        : undefined,
  );
  assert.deepEqual(replaced.parameters.map(({ key }) => key), [
    "first.weight",
    "second.weight",
    "second.bias",
    "first.weight.up",
    "first.weight.down",
    "second.weight.up",
    "second.weight.down",
  ]);
  const weights = new Map(replaced.parameters.map(({ key, shape }, phase) => [key, waves(shape, { base: 0, phase })]));
  const summed = new Map([...weights].map(([key, weight]) => {
    const [up, down] = [weights.get(`${key}.up`), weights.get(`${key}.down`)];
    if (!up || !down) return [key, weight];
    const [, columns] = weight.shape;
    const data = weight.data.map((value, i) =>
      value + 2 * up.data[Math.floor(i / columns!)]! * down.data[i % columns!]!
    );
    return [key, { ...weight, data }];
  }));
  const run = async (model: typeof plain, bound: ReadonlyMap<string, Tensor>) => {
    const bytes = encodeModel(model, ({ key }) => ({ kind: "tensor", tensor: bound.get(key)! }));
    const session = await Session.create(bytes, { threads: 1 });
    const { after } = await session.run({ x: waves([2, 3]) });
    await session.release();
    return [...after!.data as Float32Array];
  };
  const [found, expected] = [await run(replaced, weights), await run(plain, summed)];
  found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${value} and ${expected[i]} at ${i}`));
});

Deno.test("gradient() goes through what replaces a parameter", () => {
  const loss = reduceMean(after, { axes: [0, 1] });
  const { of } = replaceParameters(
    sortNodes([loss]),
    (value, key) =>
      key === "first.weight"
        ? addLowRank(value, { up: parameter("up", [4, 2]), down: parameter("down", [2, 3]), scale: 1 })
        : undefined,
  );
  const [up, down] = gradient(of(loss), [parameter("up", [4, 2]), parameter("down", [2, 3])]);
  const built = graph({ outputs: { up: up!, down: down! } });
  assert.deepEqual([up!.shape, down!.shape], [[4, 2], [2, 3]]);
  const keys = built.parameters.map(({ key }) => key).sort();
  // The loss is linear in the bias: its value is not needed.
  assert.deepEqual(keys, ["down", "first.weight", "second.weight", "up"]);
});
