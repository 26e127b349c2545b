/**
 * How fast this machine computes, for forecasts.
 * @module
 */
import { encodeModel, graph, input, matMul } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";

/** Rows and columns of the product that is timed: Stage C's at the published size, with guidance. */
const sizes = { m: 1152, k: 1280, n: 1280 };

/**
 * Floating-point operations a second of matrix products in fp32: the median of three after one to warm up, which take a tenth of a
 * second on two cores.
 */
export async function measureSpeed({ threads }: { threads?: number | undefined } = {}): Promise<number> {
  const { m, k, n } = sizes;
  const product = matMul(input("a", "float32", [m, k]), input("b", "float32", [k, n]));
  const session = await Session.create(encodeModel(graph({ outputs: { product } }), () => ({ kind: "input" })), {
    threads,
  });
  const inputs = {
    a: tensor("float32", [m, k], new Float32Array(m * k).fill(0.5)),
    b: tensor("float32", [k, n], new Float32Array(k * n).fill(0.5)),
  };
  await session.run(inputs);
  const seconds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await session.run(inputs);
    seconds.push((performance.now() - start) / 1000);
  }
  await session.release();
  return 2 * m * k * n / seconds.sort((a, b) => a - b)[1]!;
}
