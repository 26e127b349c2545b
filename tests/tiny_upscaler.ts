/**
 * A super-resolution model of two convolutions, for tests: twice the size, made-up weights, a sigmoid at the end.
 * @module
 */
import { type Dim, emitOne, encodeModel, graph, input, mul, parameter, sigmoid, type Value } from "../onnx/mod.ts";
import { waves } from "./wave_weights.ts";

/** How the model differs from the usual one. */
export interface TinyUpscalerOptions {
  /** Channels of its pictures. */
  readonly channels?: number;
  /** Fixed side of its pictures; any where left out. */
  readonly side?: number;
  /** A factor of the result, such as NaN. */
  readonly factor?: number;
}

/** The bytes of the model: [batch, channels, h, w] → [batch, channels, 2h, 2w]. */
export function tinyUpscaler({ channels = 3, side, factor }: TinyUpscalerOptions = {}): Uint8Array {
  const [height, width]: [Dim, Dim] = [side ?? "height", side ?? "width"];
  const twice = (dim: Dim): Dim => typeof dim === "number" ? 2 * dim : `2*${dim}`;
  const x = input("picture", "float32", ["batch", channels, height, width]);
  const kernel = (value: Value, op: string, { size, pads, stride, shape }: {
    size: number;
    pads: number;
    stride: number;
    shape: readonly Dim[];
  }) => {
    return emitOne(op, [value, parameter(op, [channels, channels, size, size])], {
      dtype: "float32",
      shape,
      attributes: {
        kernel_shape: [BigInt(size), BigInt(size)],
        strides: [BigInt(stride), BigInt(stride)],
        pads: Array(4).fill(BigInt(pads)),
      },
    });
  };
  const seen = kernel(x, "Conv", { size: 3, pads: 1, stride: 1, shape: ["batch", channels, height, width] });
  const larger = ["batch", channels, twice(height), twice(width)];
  const y = sigmoid(kernel(seen, "ConvTranspose", { size: 2, pads: 0, stride: 2, shape: larger }));
  const result = factor === undefined ? y : mul(y, factor);
  return encodeModel(graph({ inputs: [x], outputs: { larger: result } }), ({ key, shape }) => {
    return { kind: "tensor", tensor: waves(shape as number[], { base: 0, scale: 1, phase: key === "Conv" ? 0 : 1 }) };
  });
}
