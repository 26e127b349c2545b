/**
 * Checks gradients of small graphs three ways: the interpreter's float64 gradient against central differences, and ONNX
 * Runtime's float32 gradient against the interpreter's.
 * @module
 */
import assert from "node:assert/strict";
import { gradient, input, mul, reduceSum, sortNodes, type Value } from "../onnx/mod.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Array64 } from "./interpreter/array.ts";
import { evaluate } from "./interpreter/interpreter.ts";
import { runGraph } from "./run_graph.ts";

/** A value to differentiate, with the tensors that it depends on. */
export interface GradientCase {
  /** What is differentiated: `"Conv, strided"`. */
  name: string;
  /** Tensors by input name; gradients are wanted by those of float32. */
  inputs: Readonly<Record<string, Tensor>>;
  build(inputs: Record<string, Value>): Value;
}

/** Numbers between `low` and `high`, the same for the same seed. */
export function uniform(
  shape: readonly number[],
  { low = -1, high = 1, seed = 0 }: { low?: number; high?: number; seed?: number } = {},
): Tensor<"float32"> {
  const { data } = new TorchGenerator(seed + 1).uniform(shape);
  return tensor("float32", shape, data.map((x) => low + (high - low) * x));
}

/** Numbers that are at least `gap` away from zero and from each other: a kink is then further than a difference's step. */
export function spread(shape: readonly number[], { gap = 0.05, seed = 0 }: { gap?: number; seed?: number } = {}) {
  const size = shape.reduce((all, dim) => all * dim, 1);
  const order = new TorchGenerator(seed + 1).permutation(size).data;
  const data = Float32Array.from(order, (place) => (Number(place) - Math.floor(size / 2) + 0.5) * 2 * gap);
  return tensor("float32", shape, data);
}

/** A tensor of indices. */
export function indices(shape: readonly number[], values: readonly number[]): Tensor<"int64"> {
  return tensor("int64", shape, BigInt64Array.from(values, BigInt));
}

/** Fails unless all elements agree to `tolerance` times the largest of them. */
export function assertRelative(
  found: ArrayLike<number>,
  wanted: ArrayLike<number>,
  { tolerance, name }: { tolerance: number; name: string },
): void {
  assert.equal(found.length, wanted.length, `${name}: number of elements`);
  const scale = Math.max(1e-3, ...Array.from(wanted, Math.abs));
  for (let i = 0; i < wanted.length; i++) {
    const off = Math.abs(found[i]! - wanted[i]!) / scale;
    assert.ok(off <= tolerance, `${name}: element ${i} is ${found[i]} and not ${wanted[i]} (${off} of ${scale})`);
  }
}

/** (L(x + h) − L(x − h)) / 2h for each element of one input. */
function centralDifferences(
  loss: Value,
  { bound, name, step }: { bound: Record<string, Array64>; name: string; step: number },
): Float64Array {
  const base = bound[name]!;
  return base.data.map((element, i) => {
    const at = (x: number) => {
      const moved = { shape: base.shape, data: base.data.with(i, x) };
      return evaluate({ loss }, { ...bound, [name]: moved }).loss.data[0]!;
    };
    return (at(element + step) - at(element - step)) / (2 * step);
  });
}

/**
 * Checks one case, with the sum of the value's elements times fixed random weights as the loss.
 *
 * @returns operators that the value is made of, for a family's test to see that it leaves none out
 */
export async function checkGradient({ name, inputs, build }: GradientCase): Promise<string[]> {
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape }]) => [name, input(name, dtype, shape)]),
  );
  const y = build(values);
  const projection = uniform(y.shape as readonly number[], { seed: 77 });
  const weights = input("projection", "float32", y.shape);
  const loss = reduceSum(mul(y, weights), { axes: y.shape.map((_, axis) => axis) });
  const wanted = Object.entries(values).filter(([, { dtype }]) => dtype === "float32");
  const gradients = gradient(loss, wanted.map(([, value]) => value));
  const outputs = Object.fromEntries(wanted.map(([name], i) => [`d_${name}`, gradients[i]!]));
  const bound = Object.fromEntries(
    Object.entries({ ...inputs, projection }).map(([name, { shape, data }]) => {
      return [name, { shape, data: Float64Array.from(data as Float32Array, Number) }];
    }),
  );
  const exact = evaluate(outputs, bound);
  const found = await runGraph(outputs, { inputs: { ...inputs, projection } });
  for (const [key, value] of wanted) {
    const about = (how: string) => `${name}, gradient by ${key}, ${how}`;
    assert.deepEqual(exact[`d_${key}`]!.shape, value.shape, about("shape"));
    const differences = centralDifferences(loss, { bound, name: key, step: 1e-5 });
    assertRelative(exact[`d_${key}`]!.data, differences, { tolerance: 2e-7, name: about("central differences") });
    const single = found[`d_${key}`]!.data as Float32Array;
    assertRelative(single, exact[`d_${key}`]!.data, { tolerance: 1e-4, name: about("ONNX Runtime") });
  }
  return sortNodes([y]).map(({ op }) => op);
}
