/**
 * Work that never changes, to hold the networks against: a chain of layers like theirs, of nothing but what ONNX Runtime has had all along.
 * @module
 */
import { add, encodeModel, graph, input, matMul, relu, type Value } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";

/** Cells, channels, channels inside of a layer, and layers: those of the bundled model's Stage C, which take some milliseconds. */
const sizes = { rows: 64, outer: 224, inner: 896, layers: 12 };

/** The work, loaded. */
export interface ReferenceWork extends AsyncDisposable {
  run(): Promise<unknown>;
}

/** Loads it: plain operators, no rewrites. */
export async function openReferenceWork({ threads }: { threads: number }): Promise<ReferenceWork> {
  const { rows, outer, inner, layers } = sizes;
  const up = input("up", "float32", [outer, inner]);
  const down = input("down", "float32", [inner, outer]);
  let x: Value = input("x", "float32", [rows, outer]);
  for (let i = 0; i < layers; i++) x = add(x, matMul(relu(matMul(x, up)), down));
  const model = encodeModel(graph({ outputs: { sum: x } }), () => ({ kind: "input" }));
  const session = await Session.create(model, { threads });
  const filled = (...shape: number[]) =>
    tensor("float32", shape, new Float32Array(shape.reduce((a, b) => a * b)).fill(0.001));
  const inputs = { x: filled(rows, outer), up: filled(outer, inner), down: filled(inner, outer) };
  return {
    run: () => session.run(inputs),
    [Symbol.asyncDispose]: () => session.release(),
  };
}
