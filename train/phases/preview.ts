/**
 * The preview decoder learns to paint small pictures from the compressor's embeddings (`Previewer` of Stability-AI/StableCascade).
 * @module
 */
import { resizePlanes } from "../../images/resize.ts";
import type { Buffers } from "../../networks/batch_norm.ts";
import { previewDecoder, type PreviewDecoderConfig, previewScale } from "../../networks/preview_decoder.ts";
import { abs, add, input, mul, scope, sub } from "../../onnx/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { mean, meanSquaredError, type Objective } from "./objective.ts";

/** Sizes of a batch of embeddings. */
export interface PreviewBatch {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Weight of the mean absolute error beside that of the squared one: sharper edges. */
const absoluteWeight = 0.1;

/**
 * The loss of the preview decoder: the squared error of its pixels, and a little of their absolute error.
 *
 * Inputs of the graph: `embedding` [b, c_in, n, m] and `small` [b, c_out, 8n, 8m], the pictures as {@linkcode previewTarget} makes them.
 * Parameters are under `preview`.
 */
export function previewObjective(config: PreviewDecoderConfig, { batch, height, width }: PreviewBatch): Objective {
  const buffers: Buffers = new Map();
  const embedding = input("embedding", "float32", [batch, config.c_in, height, width]);
  const small = input("small", "float32", [batch, config.c_out, previewScale * height, previewScale * width]);
  const decoded = scope("preview", () => previewDecoder(config, embedding, { buffers }));
  const squared = meanSquaredError(decoded, small);
  const absolute = mean(abs(sub(decoded, small)));
  return { loss: add(squared, mul(absolute, absoluteWeight)), metrics: { squared, absolute }, buffers };
}

/** Whether a parameter learns by gradient: all but running statistics. */
export function previewTrains(key: string): boolean {
  return !/\.running_(mean|var)$/.test(key);
}

/** Pictures [b, c, h, w] as small as the previews of embeddings of `height` × `width` cells, by means of areas. */
export function previewTarget(
  images: Tensor<"float32">,
  { height, width }: { height: number; width: number },
): Tensor<"float32"> {
  return resizePlanes(images, { height: previewScale * height, width: previewScale * width }, { filter: "box" });
}
