/**
 * The most that this machine does of what networks are made of: what a profile is held against.
 * @module
 */
import { add, encodeModel, type Graph, graph, input } from "../onnx/mod.ts";
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

/** Numbers of a tensor of 200 MB, as Stage A has them. */
const wide = 50e6;

const rounds = 5;

/** Measures them, in some seconds. */
export async function measurePeaks({ threads }: { threads: number }): Promise<MachinePeaks> {
  let [float, byte] = [0, 0];
  for (let i = 0; i < rounds; i++) {
    const speed = await measureSpeed({ threads });
    [float, byte] = [Math.max(float, speed.float), Math.max(byte, speed.byte)];
  }
  const x = input("x", "float32", [wide]);
  const addition = await fastest(graph({ outputs: { sum: add(x, x) } }), {
    inputs: { x: tensor("float32", [wide], new Float32Array(wide)) },
    threads,
  });
  // Read once, since both operands are the same, and written.
  return { float, byte, bandwidth: 2 * 4 * wide / addition };
}

/** Seconds of the fastest run. */
async function fastest(
  measured: Graph,
  { inputs, threads }: {
    inputs: Readonly<Record<string, Tensor>>;
    threads: number;
  },
): Promise<number> {
  const model = encodeModel(measured, () => ({ kind: "input" }));
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
