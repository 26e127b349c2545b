/**
 * Makes a network's weights in fewer bits, a layer at a time.
 * @module
 */
import {
  type Binding,
  blockSize,
  encodeModel,
  type Graph,
  graph,
  type Parameter,
  type QuantizedLayer,
  type WeightFormat,
} from "../onnx/mod.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import { dequantize, quantizeBlocks4, quantizeRows8, relativeError, type WeightMatrix } from "../weights/quantize.ts";
import type { LazyTensor } from "../weights/safetensors_writer.ts";
import { quantizeGraph } from "./rewrites.ts";

/**
 * Relative error of a weight above which its layer stays as it is. Rounding numbers that are normally distributed to 8 bits a row is off
 * by 0.8 % or so, to 4 bits a block by 9 %; weights with outliers by more.
 */
const mostError: Readonly<Record<WeightFormat, number>> = { int8: 0.03, int4: 0.15 };

/** Most bytes of values that are kept from the first look at the weights, so that they are not computed again. */
const heldBytes = 256e6;

/** Where a network's weights are and how they are computed with. */
export interface WeightsSource {
  /** The network's graph, rewritten, LoRAs included; any size will do. */
  readonly graph: Graph;
  readonly checkpoint: Checkpoint;
  readonly format: WeightFormat;
  readonly bind: (parameter: Parameter) => Binding;
  readonly folder: string;
  readonly threads?: number | undefined;
  readonly runtime: Runtime;
}

/** A layer's weight in few bits. */
interface Rounded {
  readonly values: Tensor;
  readonly scales: Tensor;
  readonly bias: Tensor | undefined;
  readonly error: number;
}

/**
 * All tensors of a network whose weights are in fewer bits: for each layer values, scales and, where something was folded into it, the
 * bias; then all other tensors of the checkpoint, as they are. Layers whose weights do not take it well (see {@linkcode relativeError}) stay.
 *
 * One layer is in memory at a time, and up to 256 MB of results.
 *
 * @param options.onLayer is told after each layer which share of all layers' numbers it has
 */
export async function quantizedTensors(
  source: WeightsSource,
  { onLayer }: { onLayer?: ((share: number) => void) | undefined } = {},
): Promise<Map<string, LazyTensor>> {
  const { graph, checkpoint, format } = source;
  const { layers } = quantizeGraph(graph, { format });
  const numbers = layers.reduce((sum, { from, to }) => sum + from * to, 0);
  const made = new Map<string, LazyTensor>();
  const wanted = new Set<string>();
  let room = heldBytes;
  for (const layer of layers) {
    const { values, scales, bias, error } = await round(layer, source);
    onLayer?.(layer.from * layer.to / numbers);
    if (!(error <= mostError[format])) continue;
    const { name } = layer;
    wanted.add(name);
    room -= values.data.byteLength;
    const { dtype, shape } = values;
    const again: LazyTensor = { dtype, shape, load: async () => (await round(layer, source)).values };
    made.set(`${name}.${format}`, room >= 0 ? held(values) : again);
    made.set(`${name}.scale`, held(scales));
    if (bias) made.set(`${name}.bias`, held(bias));
  }
  for (const [key, { dtype, shape }] of checkpoint.tensors) {
    if (!wanted.has(key)) made.set(key, { dtype, shape, load: () => checkpoint.read(key) });
  }
  return made;
}

const held = (tensor: Tensor): LazyTensor => ({ dtype: tensor.dtype, shape: tensor.shape, load: () => tensor });

async function round(layer: QuantizedLayer, source: WeightsSource): Promise<Rounded> {
  const { from, to } = layer;
  const { weight, bias } = await compute(layer, source);
  const matrix: WeightMatrix = { rows: to, columns: from, data: weight!.data as Float32Array };
  if (source.format === "int8") {
    const { values, scales } = quantizeRows8(matrix);
    return {
      values: tensor("int8", [from, to], values),
      scales: tensor("float32", [to], scales),
      bias,
      error: relativeError(dequantize({ values, scales }, matrix), matrix.data),
    };
  }
  const { values, scales } = quantizeBlocks4(matrix, { block: blockSize });
  return {
    values: tensor("uint8", [to, from / blockSize, blockSize / 2], values),
    scales: tensor("float32", [scales.length], scales),
    bias,
    error: relativeError(dequantize({ values, scales }, matrix), matrix.data),
  };
}

/** The numbers of a layer's weight, [to, from], and of its bias. */
async function compute(
  { weight, bias, from, to }: QuantizedLayer,
  { bind, folder, threads, runtime }: WeightsSource,
): Promise<{ weight: Tensor | undefined; bias: Tensor | undefined }> {
  const known = graph({ outputs: { weight, ...(bias ? { bias } : {}) } });
  // Without the runtime's own rewrites, which would compute all of it while the session is built.
  const options = { folder, threads, optimize: false, prepack: false };
  const session = await runtime.createSession(encodeModel(known, bind), options);
  try {
    const found = await session.run({});
    if (found["weight"]?.data.length !== sizeOf([from, to])) throw new Error(`Expected a weight of ${to} × ${from}`);
    return { weight: found["weight"], bias: found["bias"] };
  } finally {
    await session.release();
  }
}
