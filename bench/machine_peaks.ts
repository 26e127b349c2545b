/**
 * The most that this machine does of what networks are made of: what a profile is held against.
 * @module
 */
import { add, encodeModel, type Graph, graph, input, matMulIntegerToFloat, parameter } from "../onnx/mod.ts";
import { measureSpeed } from "../pipeline/machine_speed.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Speeds of a machine, each the best of some runs. */
export interface MachinePeaks {
  /** Floating-point operations a second of a large product in fp32. */
  readonly float: number;
  /** Operations a second of one in whole numbers of 8 bits, with the scales behind it. */
  readonly byte: number;
  /** Bytes a second that an addition reads and writes, of tensors that fit into no cache. */
  readonly bandwidth: number;
}

/** Rows and channels of Stage C's widest layer at the published size, with guidance. */
const sizes = { m: 1152, k: 1536, n: 6144 };

/** Numbers of a tensor of 200 MB, as Stage A has them. */
const wide = 50e6;

const rounds = 5;

/** Measures them, in some seconds. */
export async function measurePeaks({ threads }: { threads: number }): Promise<MachinePeaks> {
  let float = 0;
  for (let i = 0; i < rounds; i++) float = Math.max(float, await measureSpeed({ threads }));
  const { m, k, n } = sizes;
  const whole = (name: string) => ({
    values: input(name, "uint8", [m, k]),
    scale: input("scale", "float32", []),
    zero: input("zero", "uint8", []),
  });
  const weights = {
    weight: tensor("int8", [k, n], new Int8Array(k * n).fill(3)),
    scales: tensor("float32", [n], new Float32Array(n).fill(0.1)),
  };
  const product = matMulIntegerToFloat(whole("rows"), {
    values: parameter("weight", [k, n], { dtype: "int8" }),
    scales: parameter("scales", [n]),
  });
  const bytes = await fastest(graph({ outputs: { product } }), {
    inputs: {
      rows: tensor("uint8", [m, k], new Uint8Array(m * k).fill(7)),
      scale: tensor("float32", [], new Float32Array([0.1])),
      zero: tensor("uint8", [], new Uint8Array([3])),
    },
    weights,
    threads,
  });
  const x = input("x", "float32", [wide]);
  const addition = await fastest(graph({ outputs: { sum: add(x, x) } }), {
    inputs: { x: tensor("float32", [wide], new Float32Array(wide)) },
    weights: {},
    threads,
  });
  // Read once, since both operands are the same, and written.
  return { float, byte: 2 * m * k * n / bytes, bandwidth: 2 * 4 * wide / addition };
}

/** Seconds of the fastest run. */
async function fastest(
  measured: Graph,
  { inputs, weights, threads }: {
    inputs: Readonly<Record<string, Tensor>>;
    weights: Readonly<Record<string, Tensor>>;
    threads: number;
  },
): Promise<number> {
  const model = encodeModel(measured, ({ key }) => ({ kind: "tensor", tensor: weights[key]! }));
  const session = await nativeRuntime.createSession(model, { threads, prepack: true });
  let best = Infinity;
  for (let i = 0; i <= rounds; i++) {
    const start = performance.now();
    await session.run(inputs);
    if (i > 0) best = Math.min(best, (performance.now() - start) / 1000);
  }
  await session.release();
  return best;
}
