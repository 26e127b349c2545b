/**
 * How fast this machine's processor computes, for forecasts.
 * @module
 */
import { encodeModel, type Graph, graph, input, matMul, matMulIntegerToFloat, parameter } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** Operations a second by their kind. */
export interface MachineSpeed {
  /** Floating-point operations of products in fp32. */
  readonly float: number;
  /** Operations of products in whole numbers of 8 bits, with the scales behind them. */
  readonly byte: number;
}

/** Rows and columns of the product in fp32: Stage C's at the published size, with guidance. */
const floatSizes = { m: 1152, k: 1280, n: 1280 };

/** Those of the product in 8 bits: Stage C's widest layer. */
const byteSizes = { m: 1152, k: 1536, n: 6144 };

/** Measures medians of three products after one to warm up, which take a third of a second on two cores. */
export async function measureSpeed({ threads }: { threads?: number | undefined } = {}): Promise<MachineSpeed> {
  return { float: await floatSpeed({ threads }), byte: await byteSpeed({ threads }) };
}

async function floatSpeed({ threads }: { threads: number | undefined }): Promise<number> {
  const { m, k, n } = floatSizes;
  const product = matMul(input("a", "float32", [m, k]), input("b", "float32", [k, n]));
  const inputs = {
    a: tensor("float32", [m, k], new Float32Array(m * k).fill(0.5)),
    b: tensor("float32", [k, n], new Float32Array(k * n).fill(0.5)),
  };
  return 2 * m * k * n / await medianSeconds(graph({ outputs: { product } }), { inputs, threads });
}

async function byteSpeed({ threads }: { threads: number | undefined }): Promise<number> {
  const { m, k, n } = byteSizes;
  const rows = {
    values: input("rows", "uint8", [m, k]),
    scale: input("scale", "float32", []),
    zero: input("zero", "uint8", []),
  };
  const weight = {
    values: parameter("weight", [k, n], { dtype: "int8" }),
    scales: parameter("scales", [n]),
  };
  const measured = graph({ outputs: { product: matMulIntegerToFloat(rows, weight) } });
  const seconds = await medianSeconds(measured, {
    inputs: {
      rows: tensor("uint8", [m, k], new Uint8Array(m * k).fill(7)),
      scale: tensor("float32", [], new Float32Array([0.1])),
      zero: tensor("uint8", [], new Uint8Array([3])),
    },
    weights: {
      weight: tensor("int8", [k, n], new Int8Array(k * n).fill(3)),
      scales: tensor("float32", [n], new Float32Array(n).fill(0.1)),
    },
    threads,
  });
  return 2 * m * k * n / seconds;
}

async function medianSeconds(
  measured: Graph,
  { inputs, weights = {}, threads }: {
    inputs: Readonly<Record<string, Tensor>>;
    weights?: Readonly<Record<string, Tensor>>;
    threads: number | undefined;
  },
): Promise<number> {
  const model = encodeModel(measured, ({ key }) => ({ kind: "tensor", tensor: weights[key]! }));
  const session = await Session.create(model, { threads, prepack: true });
  await session.run(inputs);
  const seconds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await session.run(inputs);
    seconds.push((performance.now() - start) / 1000);
  }
  await session.release();
  return seconds.sort((a, b) => a - b)[1]!;
}
