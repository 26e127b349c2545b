import assert from "node:assert/strict";
import { encodeModel, gradient, graph, parametersOf, resolveShape, type Value } from "../../onnx/mod.ts";
import { Session } from "../../runtime/session.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensor } from "../../tensor/tensor.ts";
import { waves } from "../../tests/wave_weights.ts";
import { tinyTraining } from "../_tiny_training.ts";
import { type PhaseName, phaseNames } from "../config.ts";
import { networkConfigs } from "../networks.ts";
import type { Objective } from "../phases/objective.ts";
import { phaseObjectives } from "../phases/phase_objectives.ts";
import { gradientGraph } from "./gradient_graph.ts";

const config = tinyTraining("nowhere", {
  set: ['preview={"steps":4,"batch":3,"optimiser":{"name":"adamw","learningRate":1e-3}}'],
});
const vocabulary = { size: 530, eosId: 529, maxLength: 8 };
const configs = networkConfigs(config, { prior: vocabulary, decoder: vocabulary });

function objectiveOf(name: PhaseName): Objective {
  return phaseObjectives(name, { config, configs, tokens: 8 }).objectives[0]!;
}

/** Loss and gradients as the plain graph has them. */
function plainGraph({ loss, buffers }: Objective) {
  const keyOf = ({ source }: Value) => source.kind === "parameter" ? source.key : "";
  const parameters = parametersOf(loss).filter((value) => !buffers.has(keyOf(value)));
  const gradients = gradient(loss, parameters);
  const named = parameters.map((value, i) => [`gradient ${keyOf(value)}`, gradients[i]!]);
  return graph({ outputs: { loss, ...Object.fromEntries(named) } });
}

/** Some number for every input and parameter, from its name. */
function feedsOf({ inputs, parameters }: ReturnType<typeof graph>): Record<string, Tensor> {
  const values = [
    ...inputs.map(({ name, value }) => ({ name, dtype: value.dtype, shape: resolveShape(value.shape, {}) })),
    ...parameters.map(({ key, shape }) => ({ name: key, dtype: "float32", shape: [...shape] })),
  ];
  return Object.fromEntries(values.map(({ name, dtype, shape }) => {
    const phase = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
    const numbers = waves(shape, { base: 0.1, scale: 0.2, phase });
    if (dtype === "int64") return [name, tensor("int64", shape, BigInt64Array.from(numbers.data, () => 1n))];
    return [name, tensor("float32", shape, numbers.data.map((x) => shape.length < 2 ? Math.abs(x) + 0.1 : x))];
  }));
}

for (const name of phaseNames) {
  Deno.test(`${name}: the rewritten passes give the loss and the gradients of the plain ones`, async () => {
    const objective = objectiveOf(name);
    const plain = plainGraph(objective);
    const { graph: rewritten, trained } = gradientGraph(objective);
    const run = async (built: typeof plain) => {
      const session = await Session.create(encodeModel(built, () => ({ kind: "input" })), { threads: 1 });
      const results = await session.run(feedsOf(built));
      await session.release();
      return results;
    };
    const [before, after] = [await run(plain), await run(rewritten)];
    const loss = before["loss"]!.data[0] as number;
    assert.ok(Number.isFinite(loss) && Math.abs((after["loss"]!.data[0] as number) - loss) <= 1e-6 * loss);
    const largest = Math.max(
      ...[...trained.keys()].flatMap((key) => [...before[`gradient ${key}`]!.data as Float32Array].map(Math.abs)),
    );
    assert.ok(largest > 1e-3);
    for (const key of trained.keys()) {
      const wanted = before[`gradient ${key}`]!.data as Float32Array;
      const found = after[`gradient ${key}`]!.data as Float32Array;
      wanted.forEach((value, i) => {
        assert.ok(Math.abs(found[i]! - value) <= 1e-5 * largest, `${key} at ${i}: ${found[i]} and not ${value}`);
      });
    }
  });
}

Deno.test("no convolution of small pictures is left in Stage B and its backward pass", () => {
  const objective = objectiveOf("stageB");
  const convolutions = ({ nodes }: ReturnType<typeof graph>) => nodes.filter(({ op }) => op === "Conv").length;
  assert.ok(convolutions(plainGraph(objective)) > 0);
  assert.equal(convolutions(gradientGraph(objective).graph), 0);
});
