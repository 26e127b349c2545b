/**
 * A reference interpreter of the graph builder's operators: float64 throughout (results of float16 are rounded to it), plain loops, nothing fused.
 *
 * It is the oracle of gradients (ONNX Runtime has no float64 kernels for most operators) and of shape inference: each result is
 * checked against the shape that its value claims.
 * @module
 */
import assert from "node:assert/strict";
import { formatShape, graph, type Node, type Value } from "../../onnx/mod.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { type Array64, fromTensor } from "./array.ts";
import { elementwiseKernels } from "./elementwise.ts";
import type { Kernels } from "./kernel.ts";
import { linearKernels } from "./linear.ts";
import { reduceKernels } from "./reduce.ts";
import { shapeKernels } from "./shape.ts";

const kernels: Kernels = { ...elementwiseKernels, ...linearKernels, ...reduceKernels, ...shapeKernels };

/** Operators that the interpreter knows. */
export const interpretedOperators: readonly string[] = Object.keys(kernels);

/** A shape may hold symbols; each stands for one size throughout. */
function checkShape({ op, scope }: Node, value: Value, found: Array64, symbols: Map<string, number>): void {
  const message = `${scope} ${op}: ${formatShape(value.shape)} was inferred and [${found.shape}] computed`;
  assert.equal(found.shape.length, value.shape.length, message);
  assert.equal(found.data.length, sizeOf(found.shape), message);
  value.shape.forEach((dim, axis) => {
    const size = found.shape[axis]!;
    if (typeof dim === "string" && !symbols.has(dim)) symbols.set(dim, size);
    assert.equal(size, typeof dim === "string" ? symbols.get(dim) : dim, message);
  });
}

/** As 16-bit floats hold it: what is too large for them becomes infinite. */
function rounded({ shape, data }: Array64): Array64 {
  return { shape, data: Float64Array.from(Float16Array.from(data)) };
}

/**
 * Evaluates values.
 *
 * @param bound tensors or arrays for graph inputs and parameters, by name and key
 * @throws {AssertionError} where something is not bound, an operator is unknown, or a shape is not what was inferred
 */
export function evaluate<Name extends string>(
  outputs: Readonly<Record<Name, Value>>,
  bound: Readonly<Record<string, Tensor | Array64>>,
): Record<Name, Array64> {
  const known = new Map<Value, Array64>();
  const symbols = new Map<string, number>();
  const read = (value: Value): Array64 => {
    const { source } = value;
    let found = known.get(value);
    if (!found && source.kind === "constant") {
      found = fromTensor({ dtype: value.dtype, shape: value.shape as readonly number[], data: source.data });
    } else if (!found && (source.kind === "input" || source.kind === "parameter")) {
      const name = source.kind === "input" ? source.name : source.key;
      const tensor = bound[name];
      assert(tensor !== undefined, `nothing is bound to ${name}`);
      found = fromTensor({ dtype: "float64", ...tensor });
    }
    assert(found !== undefined);
    known.set(value, found);
    return found;
  };
  for (const node of graph({ outputs }).nodes) {
    const kernel = kernels[node.op];
    assert(kernel !== undefined, `the interpreter has no ${node.op}`);
    const results = [kernel(node.inputs.map((value) => value && read(value)) as Array64[], node.attributes)].flat();
    node.outputs.forEach((value, i) => {
      checkShape(node, value, results[i]!, symbols);
      known.set(value, value.dtype === "float16" ? rounded(results[i]!) : results[i]!);
    });
  }
  return Object.fromEntries(Object.entries<Value>(outputs).map(([name, value]) => [name, read(value)])) as Record<
    Name,
    Array64
  >;
}
