/**
 * Checks that a network can be trained: its gradient reaches every parameter and is the slope of the loss.
 * @module
 */
import assert from "node:assert/strict";
import { constant, gradient, mul, parameter, reduceMean, traceScopes, type Value } from "../onnx/mod.ts";
import { tensor } from "../tensor/tensor.ts";
import { runGraphs, type Tensors } from "./run_graph.ts";
import { waves, waveWeights } from "./wave_weights.ts";

/**
 * Fails where a parameter has no gradient, or where a step of length `step` against the gradient of a made-up loss does not lower it
 * by ‖g‖·step, to a fiftieth.
 *
 * @param build makes the network's output, all dimensions being numbers
 */
export async function assertDescent(
  build: () => Value,
  { inputs, step = 1e-2 }: { inputs: Tensors; step?: number },
): Promise<void> {
  const { result, parameters } = traceScopes(build);
  const shape = result.shape as number[];
  const target = constant("float32", shape, waves(shape, { base: 0 }).data);
  const loss = reduceMean(mul(result, target), { axes: shape.map((_, axis) => axis) });
  const keys = [...parameters.keys()];
  const gradients = gradient(loss, keys.map((key) => parameter(key, parameters.get(key)!)));
  const weights = waveWeights(parameters);
  const outputs = Object.fromEntries(keys.map((key, i) => [`d ${key}`, gradients[i]!]));
  const [found] = await runGraphs(outputs, [inputs], { weights });
  const slopes = keys.map((key) => found![`d ${key}`]!.data as Float32Array);
  slopes.forEach((slope, i) => assert.ok(slope.some((value) => value !== 0), `${keys[i]} has no gradient`));
  const length = Math.sqrt(slopes.reduce((sum, slope) => slope.reduce((all, value) => all + value * value, sum), 0));
  const lossAt = async (distance: number) => {
    const moved = Object.fromEntries(keys.map((key, i) => {
      const data = weights[key]!.data.map((value, j) => value + distance * slopes[i]![j]! / length);
      return [key, tensor("float32", parameters.get(key)!, data)];
    }));
    const [at] = await runGraphs({ loss }, [inputs], { weights: moved });
    return at!["loss"]!.data[0] as number;
  };
  const slope = (await lossAt(step) - await lossAt(-step)) / (2 * step);
  assert.ok(Math.abs(slope / length - 1) < 0.02, `the loss falls by ${slope} and not by ${length}`);
}
