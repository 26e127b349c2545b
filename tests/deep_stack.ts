/**
 * A deep network of residual blocks, for tests of memory.
 * @module
 */
import {
  add,
  gelu,
  gemm,
  gradient,
  input,
  layerNormalization,
  mul,
  parameter,
  parametersOf,
  reduceMean,
  scope,
  type Value,
} from "../onnx/mod.ts";

/** Whether a scope path is that of a block. */
export function isBlock(scope: string): boolean {
  return /^blocks\.\d+$/.test(scope);
}

/** Loss of a stack whose blocks keep ten times as much as what passes between them. */
export function stack({ rows, width, depth }: { rows: number; width: number; depth: number }): Value {
  let x = input("x", "float32", [rows, width]);
  const condition = gemm(input("condition", "float32", [1, width]), parameter("mapper", [width, width]));
  for (let i = 0; i < depth; i++) {
    x = scope(`blocks.${i}`, () => {
      const normed = layerNormalization(x, parameter("scale", [width]), { epsilon: 1e-6 });
      const wide = gelu(gemm(add(normed, condition), parameter("wide", [4 * width, width])));
      return add(x, gemm(wide, parameter("narrow", [width, 4 * width])));
    });
  }
  return reduceMean(mul(x, x), { axes: [0, 1] });
}

/** Gradients of `loss` by all of its parameters, by key. */
export function backward(loss: Value, recompute?: (scope: string) => boolean): Record<string, Value> {
  const parameters = parametersOf(loss);
  const gradients = gradient(loss, parameters, recompute ? { recompute } : {});
  return Object.fromEntries(parameters.map(({ source }, i) => ["key" in source ? source.key : "", gradients[i]!]));
}
