import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { priorConfig, wuerstchenPrior } from "../networks/prior.ts";
import {
  constant,
  conv,
  gemm,
  gradient,
  input,
  mul,
  parameter,
  reduceMean,
  relu,
  reshape,
  scope,
  sub,
} from "../onnx/mod.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { PriorStage } from "../stages/prior.ts";
import { assertRelative } from "../tests/check_gradients.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyNetworks } from "../tests/lora_fixture.ts";
import { openNetwork } from "../tests/network_case.ts";
import { assertClose, readFixture, readFixtureTensors } from "../tests/read_fixture.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { openLora } from "../weights/lora.ts";
import { writeLora } from "../weights/lora_writer.ts";
import { initialiseLora, isLoraFactor, withLora } from "./lora.ts";
import { adamW } from "./optimiser/adamw.ts";
import { TrainingStep } from "./optimiser/training_step.ts";
import { meanSquaredError, type Objective } from "./phases/objective.ts";
import { stageCObjective } from "./phases/stage_c.ts";

const prior = "repo/wuerstchen-prior/prior";

/** The checkpoint's weights as the objective's parameters. */
async function baseWeights({ tensors, read }: Checkpoint): Promise<Map<string, Tensor<"float32">>> {
  const entries = [...tensors.keys()].map(async (key) =>
    [`prior.${key}`, await read(key) as Tensor<"float32">] as const
  );
  return new Map(await Promise.all(entries));
}

/** A small objective: a linear layer, a pointwise and a 3×3 convolution, and a depthwise one. */
function smallObjective(): Objective {
  const x = input("x", "float32", [1, 4, 3, 3]);
  const y = scope("net", () => {
    const wide = scope("wide", () => conv(x, parameter("weight", [6, 4, 3, 3]), { padding: 1 }));
    const deep = scope("deep", () => conv(wide, parameter("weight", [6, 1, 3, 3]), { padding: 1, groups: 6 }));
    const rows = reshape(relu(deep), [9, 6]);
    const point = scope("point", () => gemm(rows, reshape(parameter("weight", [5, 6, 1, 1]), [5, 6])));
    return scope("layers.0", () => gemm(point, parameter("weight", [2, 5]), { bias: parameter("bias", [2]) }));
  });
  return { loss: reshape(reduceMean(mul(y, y), { axes: [0, 1] }), []), metrics: {}, buffers: new Map() };
}

Deno.test("factors have the names and shapes that PEFT gives them, kernels included", () => {
  const { factors } = withLora(smallObjective(), { rank: 2, targets: ["wide", "point", "layers.0"] });
  assert.deepEqual(Object.fromEntries(factors), {
    "net.wide.lora_A.weight": [2, 4, 3, 3],
    "net.wide.lora_B.weight": [6, 2, 1, 1],
    "net.point.lora_A.weight": [2, 6, 1, 1],
    "net.point.lora_B.weight": [5, 2, 1, 1],
    "net.layers.0.lora_A.weight": [2, 5],
    "net.layers.0.lora_B.weight": [2, 2],
  });
  for (const key of factors.keys()) assert.ok(isLoraFactor(key));
  assert.ok(!isLoraFactor("net.wide.weight"));
});

Deno.test("an expression chooses layers by the keys of their weights", () => {
  const { factors } = withLora(smallObjective(), { rank: 1, targets: /point|wide\.weight$/g });
  assert.deepEqual([...factors.keys()].filter((key) => key.includes("lora_A")), [
    "net.wide.lora_A.weight",
    "net.point.lora_A.weight",
  ]);
});

Deno.test("targets that are not there, or are no dense layer, are refused by name", () => {
  const refused = (options: Partial<Parameters<typeof withLora>[1]>, message: string) => {
    assert.throws(() => withLora(smallObjective(), { rank: 1, ...options }), new ConfigError(message));
  };
  const none = "Expected a dense layer that a LoRA can change but found none for";
  refused({ targets: ["wide", "deep"] }, `${none} "deep"`);
  refused({ targets: ["ers.0"] }, `${none} "ers.0"`);
  refused({ targets: /bias/ }, `${none} /bias/`);
  refused({}, `${none} "to_k"`);
  refused({ targets: [] }, "Expected layers that a LoRA changes but found an empty list");
  refused({ rank: 0 }, "Expected a LoRA's rank from 1 but found 0");
  refused({ alpha: 0 }, "Expected a LoRA's alpha above 0 but found 0");
});

Deno.test("up begins at zero and down like a linear layer's weight, from a seed", () => {
  const { factors } = withLora(smallObjective(), { rank: 64, targets: ["wide", "layers.0"] });
  const first = initialiseLora(factors, { seed: 1 });
  assert.ok(first.get("net.layers.0.lora_B.weight")!.data.every((value) => value === 0));
  for (const [name, fanIn] of [["layers.0", 5], ["wide", 36]] as const) {
    const { data } = first.get(`net.${name}.lora_A.weight`)!;
    const bound = 1 / Math.sqrt(fanIn);
    assert.ok(data.every((value) => Math.abs(value) <= bound));
    assert.ok(data.some((value) => value > 0.9 * bound) && data.some((value) => value < -0.9 * bound));
  }
  assert.deepEqual(initialiseLora(factors, { seed: 1 }), first);
  assert.notDeepEqual(initialiseLora(factors, { seed: 2 }), first);
});

Deno.test("gradients by the factors are those of autograd through PEFT's layers", async () => {
  const { config, checkpoint } = await openNetwork(prior, priorConfig);
  const given = readFixture("../lora/plain");
  const golden = readFixture("../lora/gradients");
  const inputs = { x: given.tensor("x"), r: given.tensor("r"), c: given.tensor("c") };
  const values = inputsLike(inputs);
  const noise = scope("prior", () => wuerstchenPrior(config, values));
  const plain = { loss: meanSquaredError(noise, values.x), metrics: {}, buffers: new Map() };
  const { objective: { loss }, factors } = withLora(plain, { rank: 4 });
  const keys = [...factors.keys()];
  const weights = {
    ...Object.fromEntries(await baseWeights(checkpoint)),
    ...readFixtureTensors("../lora/plain/pytorch_lora_weights.safetensors"),
  };
  for (const recompute of [undefined, (path: string) => /^prior\.blocks\.\d+$/.test(path)]) {
    const slopes = gradient(loss, keys.map((key) => parameter(key, factors.get(key)!)), recompute ? { recompute } : {});
    const outputs = { loss, ...Object.fromEntries(keys.map((key, i) => [key, slopes[i]!])) };
    const found = await runGraph(outputs, { inputs, weights });
    assert.deepEqual(Object.keys(found).sort(), golden.manifest.tensors.map(({ name }) => name).sort());
    for (const [key, value] of Object.entries(found)) {
      assertRelative(value.data as Float32Array, golden.tensor<"float32">(key).data, { tolerance: 1e-4, name: key });
    }
  }
});

Deno.test("a LoRA that was trained lowers the loss, and the model that loads it computes what was trained", () =>
  inTempFolder(async (folder) => {
    const { config, checkpoint } = await openNetwork(prior, priorConfig);
    const base = await baseWeights(checkpoint);
    const generator = new TorchGenerator(5);
    const normal = (...shape: number[]) => generator.normal(shape) as Tensor<"float32">;
    const filled = (...numbers: number[]) => tensor("float32", [numbers.length], Float32Array.from(numbers));
    const sizes = { batch: 2, height: 3, width: 4, tokens: 5 };
    const inputs = {
      latents: normal(2, 16, 3, 4),
      noise: normal(2, 16, 3, 4),
      text: normal(2, 5, 40),
      t: filled(0.4, 0.8),
      alpha_cumprod: filled(0.6, 0.1),
      weight: filled(1, 1),
    };
    const options = { rank: 3, alpha: 6 };
    const { objective, factors } = withLora(stageCObjective(config, sizes), options);
    const training = await TrainingStep.create(objective, initialiseLora(factors, { seed: 3 }), {
      optimiser: adamW({ weightDecay: 0 }),
      trained: isLoraFactor,
      threads: 1,
    });
    assert.deepEqual(new Set(training.trained.keys()), new Set(factors.keys()));
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { loss } = await training.run([inputs], { learningRate: 1e-2, others: base });
      losses.push(loss);
    }
    assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
    assert.deepEqual(new Set(training.state.weights.keys()), new Set(factors.keys()));

    const path = join(folder, "lora.safetensors");
    await writeLora(path, training.state.weights, options);
    const { networks, checkpoint: { checkUnchanged } } = await openLora(path, await tinyNetworks());
    const lora = { pairs: networks.get("prior")!, scale: 1, checkUnchanged };
    const stage = new PriorStage(config, checkpoint, { threads: 1, runtime: nativeRuntime, loras: [lora] });
    await stage.network.load({ height: 3, width: 4, tokens: 5 });
    const { noise } = await stage.network.run({ x: inputs.noise, r: inputs.t, c: inputs.text });
    await stage.network.release();

    const values = inputsLike({ x: inputs.noise, r: inputs.t, c: inputs.text });
    const predicted = scope("prior", () => wuerstchenPrior(config, values));
    const zero = constant("float32", [1], Float32Array.of(0));
    const same = withLora({ loss: zero, metrics: { predicted }, buffers: new Map() }, options);
    const weights = Object.fromEntries([...base, ...training.state.weights]);
    const trained = await runGraph({ predicted: same.objective.metrics["predicted"]! }, {
      inputs: { x: inputs.noise, r: inputs.t, c: inputs.text },
      weights,
    });
    assertClose(noise!, trained["predicted"]!, 2e-5, "noise");
    const untouched = await runGraph({ difference: sub(predicted, same.objective.metrics["predicted"]!) }, {
      inputs: { x: inputs.noise, r: inputs.t, c: inputs.text },
      weights,
    });
    assert.ok((untouched["difference"]!.data as Float32Array).some((value) => Math.abs(value) > 1e-2));
    await training.release();
  }));

Deno.test("factors of Stage C have the keys and shapes of a file that diffusers wrote", async () => {
  const { config } = await openNetwork(prior, priorConfig);
  const { factors } = withLora(stageCObjective(config, { batch: 1, height: 1, width: 1, tokens: 1 }), { rank: 4 });
  const file = readFixtureTensors("../lora/plain/pytorch_lora_weights.safetensors");
  const shapes = Object.entries(file).map(([key, { shape }]) => [key, [...shape]] as const);
  assert.deepEqual(new Map([...factors].sort()), new Map(shapes.sort(([a], [b]) => a < b ? -1 : 1)));
});
