import assert from "node:assert/strict";
import { NumericError } from "../../errors.ts";
import { add, gelu, gemm, input, mul, parameter, pow, reduceMean, reshape, scope, sub } from "../../onnx/mod.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { assertRelative } from "../../tests/check_gradients.ts";
import { readGoldenRuns, waves } from "../../tests/optimiser_run.ts";
import type { Objective } from "../phases/objective.ts";
import { adamW } from "./adamw.ts";
import { emaDecay } from "./ema.ts";
import type { Weights } from "./gradient_pass.ts";
import { sgd } from "./sgd.ts";
import { TrainingStep } from "./training_step.ts";

const shapes = { "first.weight": [16, 8], "first.bias": [16], "second.weight": [4, 16], "second.bias": [4] };

/** The network of the golden training. */
function objective(rows = 6): Objective {
  const [x, y] = [input("x", "float32", [rows, 8]), input("y", "float32", [rows, 4])];
  const layer = (name: keyof typeof shapes, bias: keyof typeof shapes) => ({
    weight: parameter(name, shapes[name]),
    bias: parameter(bias, shapes[bias]),
  });
  const [first, second] = [layer("first.weight", "first.bias"), layer("second.weight", "second.bias")];
  const hidden = gelu(gemm(x, first.weight, { bias: first.bias }));
  const difference = sub(gemm(hidden, second.weight, { bias: second.bias }), y);
  const loss = reshape(reduceMean(mul(difference, difference), { axes: [0, 1] }), []);
  return { loss, metrics: { double: mul(loss, 2) }, buffers: new Map() };
}

function firstWeights(): Weights {
  return new Map(
    Object.entries(shapes).map(([key, shape], i) => {
      return [key, waves(shape, { phase: 50 * i, times: 0.25 })];
    }),
  );
}

const batch = (rows = 6) => ({ x: waves([rows, 8], { phase: 0 }), y: waves([rows, 4], { phase: 300 }) });
const golden = { optimiser: adamW({ weightDecay: 0.1 }), clip: 0.5, threads: 1 };

function copy(tensors: Weights): Map<string, Tensor<"float32">> {
  return new Map([...tensors].map(([key, { shape, data }]) => [key, tensor("float32", shape, data.slice())]));
}

Deno.test("a training runs as torch's: losses, norms and final weights", async () => {
  const { losses, norms, weights } = readGoldenRuns().training;
  const training = await TrainingStep.create(objective(), firstWeights(), golden);
  for (const [i, loss] of losses.entries()) {
    const report = await training.run([batch()], { learningRate: 1e-2 });
    assert.equal(report.step, i + 1);
    assertRelative([report.loss], [loss], { tolerance: 1e-5, name: `loss of step ${i + 1}` });
    assertRelative([report.norm], [norms[i]!], { tolerance: 1e-5, name: `norm of step ${i + 1}` });
    assert.ok(Math.abs(report.metrics["double"]! - 2 * report.loss) < 1e-6);
  }
  for (const [key, expected] of Object.entries(weights)) {
    assertRelative(training.state.weights.get(key)!.data, expected, { tolerance: 1e-5, name: key });
  }
  await training.release();
});

Deno.test("two batches of one step are as one of twice the size", async () => {
  const { x, y } = batch();
  const half = (start: number) => ({
    x: tensor("float32", [3, 8], x.data.subarray(8 * start, 8 * start + 24)),
    y: tensor("float32", [3, 4], y.data.subarray(4 * start, 4 * start + 12)),
  });
  const whole = await TrainingStep.create(objective(6), firstWeights(), golden);
  const halves = await TrainingStep.create(objective(3), firstWeights(), { ...golden, batches: 2 });
  for (let i = 0; i < 4; i++) {
    const one = await whole.run([{ x, y }], { learningRate: 1e-2 });
    const two = await halves.run([half(0), half(3)], { learningRate: 1e-2 });
    assertRelative([two.loss, two.norm, two.metrics["double"]!], [one.loss, one.norm, one.metrics["double"]!], {
      tolerance: 1e-5,
      name: `step ${i + 1}`,
    });
  }
  for (const [key, { data }] of whole.state.weights) {
    assertRelative(halves.state.weights.get(key)!.data, data, { tolerance: 1e-5, name: key });
  }
  await assert.rejects(halves.run([half(0)], { learningRate: 1 }), new RangeError("Expected 2 batches but found 1"));
  await whole.release();
  await halves.release();
});

Deno.test("a training that resumes goes on bit for bit", async () => {
  const options = { ...golden, averageDecay: 0.9 };
  const straight = await TrainingStep.create(objective(), firstWeights(), options);
  for (let i = 0; i < 3; i++) await straight.run([batch()], { learningRate: 1e-2 });
  const { step, weights, slots, average } = straight.state;
  const kept = {
    step,
    weights: copy(weights),
    slots: new Map([...slots].map(([slot, tensors]) => [slot, copy(tensors)])),
    average: copy(average!),
  };
  const resumed = await TrainingStep.create(objective(), firstWeights(), { ...options, resume: kept });
  for (let i = 0; i < 3; i++) {
    const expected = await straight.run([batch()], { learningRate: 1e-2 });
    assert.deepEqual(await resumed.run([batch()], { learningRate: 1e-2 }), expected);
  }
  assert.deepEqual(resumed.state, straight.state);
  await straight.release();
  await resumed.release();
});

Deno.test("the moving average follows the weights with emaDecay()", async () => {
  const training = await TrainingStep.create(objective(), firstWeights(), { ...golden, averageDecay: 0.3 });
  const expected = copy(firstWeights());
  for (let step = 1; step <= 3; step++) {
    await training.run([batch()], { learningRate: 1e-2 });
    const d = emaDecay(step, { decay: 0.3 });
    for (const [key, { data }] of expected) {
      const weight = training.state.weights.get(key)!.data;
      data.forEach((element, i) => data[i] = d * element + (1 - d) * weight[i]!);
      assertRelative(training.state.average!.get(key)!.data, data, { tolerance: 1e-6, name: `${key}, step ${step}` });
    }
  }
  await training.release();
});

Deno.test("what is not trained stays, and the weights that were handed in are never written to", async () => {
  const given = firstWeights();
  const before = copy(given);
  const trained = (key: string) => key.startsWith("second.");
  const training = await TrainingStep.create(objective(), given, { ...golden, trained });
  assert.deepEqual([...training.trained.keys()], ["second.weight", "second.bias"]);
  for (let i = 0; i < 2; i++) await training.run([batch()], { learningRate: 1e-2 });
  assert.deepEqual(given, before);
  assert.equal(training.state.weights.get("first.weight"), given.get("first.weight"));
  assert.notDeepEqual(training.state.weights.get("second.weight"), given.get("second.weight"));
  await training.release();
});

Deno.test("weights from elsewhere count, and are not part of the state", async () => {
  const trained = (key: string) => key.startsWith("second.");
  const zeros = new Map([["first.weight", tensor("float32", [16, 8])], ["first.bias", tensor("float32", [16])]]);
  const options = { ...golden, optimiser: sgd(), trained };
  const training = await TrainingStep.create(objective(), firstWeights(), options);
  await training.run([batch()], { learningRate: 1e-2, others: zeros });
  // Nothing comes out of the first layer, so the second's weight has no gradient.
  assert.deepEqual(training.state.weights.get("second.weight"), firstWeights().get("second.weight"));
  assert.notDeepEqual(training.state.weights.get("second.bias"), firstWeights().get("second.bias"));
  assert.ok(!training.state.weights.has("first.weight"));
  await training.release();
});

Deno.test("only what may decay decays", async () => {
  const still = { x: tensor("float32", [6, 8]), y: tensor("float32", [6, 4]) };
  const zeros = new Map(Object.entries(shapes).map(([key, shape]) => [key, tensor("float32", shape)]));
  zeros.get("first.weight")!.data.fill(1);
  zeros.get("first.bias")!.data.fill(1);
  const options = { optimiser: adamW({ weightDecay: 0.5 }), threads: 1 };
  const decays = (_key: string, shape: readonly number[]) => shape.length > 1;
  const training = await TrainingStep.create(objective(), zeros, { ...options, decays });
  await training.run([still], { learningRate: 0.1 });
  assert.ok(training.state.weights.get("first.weight")!.data.every((element) => Math.abs(element - 0.95) < 1e-6));
  assert.ok(training.state.weights.get("first.bias")!.data.every((element) => element === 1));
  await training.release();
});

Deno.test("buffers become what the objective says, and are not trained", async () => {
  const count = parameter("count", [1]);
  const x = parameter("x", [1]);
  const loss = reshape(mul(mul(x, x), add(mul(count, 0), 1)), []);
  const buffers = new Map([["count", add(count, 1)]]);
  const weights = new Map([["count", tensor("float32", [1])], ["x", tensor("float32", [1], Float32Array.of(2))]]);
  const training = await TrainingStep.create({ loss, metrics: {}, buffers }, weights, {
    optimiser: sgd(),
    batches: 2,
    threads: 1,
  });
  assert.deepEqual([...training.trained.keys()], ["x"]);
  await training.run([{}, {}], { learningRate: 0.25 });
  assert.deepEqual([...training.state.weights.get("count")!.data], [2]);
  assert.deepEqual([...training.state.weights.get("x")!.data], [1]);
  await training.release();
});

Deno.test("a gradient that is not finite stops the step by name, and the state stays as it was", async () => {
  const good = scope("good", () => parameter("weight", [1]));
  const bad = scope("bad", () => parameter("weight", [1]));
  // At x = 0 the root is 0, but its slope is infinite.
  const root = pow(mul(bad, input("x", "float32", [1])), 0.5);
  const loss = reshape(add(root, mul(good, good)), []);
  const weights = new Map(
    ["good.weight", "bad.weight"].map((key) => [key, tensor("float32", [1], Float32Array.of(1))]),
  );
  const training = await TrainingStep.create({ loss, metrics: {}, buffers: new Map() }, weights, {
    optimiser: sgd(),
    threads: 1,
  });
  const run = (x: number) => training.run([{ x: tensor("float32", [1], Float32Array.of(x)) }], { learningRate: 0.1 });
  await run(1);
  const before = copy(training.state.weights);
  await assert.rejects(
    run(0),
    new NumericError(
      'Step 2: the norm of the gradient of "bad.weight" is NaN; lower the learning rate or clip gradients, and resume ' +
        "from the last checkpoint",
    ),
  );
  assert.equal(training.state.step, 1);
  assert.deepEqual(training.state.weights, before);
  assert.equal((await run(1)).step, 2);
  await training.release();
});

Deno.test("a weight or an input that is missing is named", async () => {
  const training = await TrainingStep.create(objective(), firstWeights(), golden);
  await assert.rejects(
    training.run([{ x: batch().x }], { learningRate: 1 }),
    new TypeError('Expected a tensor for "y"'),
  );
  await training.release();
});

Deno.test("inputs of several sizes train the same weights, each with a session that is built when it first comes", async () => {
  const sizes = new Map<number, Objective>();
  const of = (rows: number) => {
    if (!sizes.has(rows)) sizes.set(rows, objective(rows));
    return sizes.get(rows)!;
  };
  const objectiveFor = (inputs: Readonly<Record<string, Tensor>>) => of(inputs["x"]!.shape[0]!);
  const training = await TrainingStep.create(of(6), firstWeights(), { ...golden, objectiveFor });
  assert.deepEqual([...training.trained.keys()], Object.keys(shapes));
  const alone = await TrainingStep.create(objective(6), firstWeights(), golden);
  const [one, other] = [
    await training.run([batch()], { learningRate: 0.01 }),
    await alone.run([batch()], { learningRate: 0.01 }),
  ];
  assert.equal(one.loss, other.loss);
  assert.deepEqual([...sizes.keys()], [6]);
  await training.run([batch(3)], { learningRate: 0.01 });
  assert.deepEqual([...sizes.keys()], [6, 3]);
  const third = await TrainingStep.create(objective(3), copy(alone.state.weights), {
    ...golden,
    resume: { ...alone.state, weights: copy(alone.state.weights) },
  });
  await third.run([batch(3)], { learningRate: 0.01 });
  for (const [key, { data }] of third.state.weights) assert.deepEqual(training.state.weights.get(key)!.data, data, key);
  for (const each of [training, alone, third]) await each.release();
});
