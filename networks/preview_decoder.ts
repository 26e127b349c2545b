/**
 * The preview decoder: a small convolutional net from Stage C's latent straight to pixels, eight a cell and a side, to see a
 * picture while it is sampled (`Previewer` of Stability-AI/StableCascade, `modules/previewer.py`).
 * @module
 */
import { z } from "zod";
import { conv, convTranspose, formatShape, gelu, GraphError, parameter, scope, type Value } from "../onnx/mod.ts";
import { batchNorm, type Buffers } from "./batch_norm.ts";
import { count } from "./config.ts";

/** Pixels of a preview a cell of Stage C's latent, along a side. */
export const previewScale = 8;

/** Sizes of a preview decoder, by default the published one's. */
export const previewDecoderConfig = z.object({
  c_in: count.default(16),
  c_hidden: count.multipleOf(4).default(512),
  c_out: count.default(3),
});

/** Sizes of a preview decoder. */
export type PreviewDecoderConfig = z.output<typeof previewDecoderConfig>;

/** Convolution with bias that keeps the size; x is [b, c, h, w]. */
function convolve(x: Value, { to, kernel }: { to: number; kernel: number }): Value {
  const weight = parameter("weight", [to, x.size(1), kernel, kernel]);
  return conv(x, weight, { bias: parameter("bias", [to]), padding: (kernel - 1) / 2 });
}

/** `ConvTranspose2d(kernel 2, stride 2)`; x is [b, c, h, w]. */
function double(x: Value, { to }: { to: number }): Value {
  return convTranspose(x, parameter("weight", [x.size(1), to, 2, 2]), { bias: parameter("bias", [to]), stride: 2 });
}

/**
 * Decodes Stage C's latents, as the semantic compressor makes them, to pixels: 0…1 as far as the decoder is trained, not clamped.
 *
 * @param latents [b, c_in, n, m]
 * @param options.buffers makes it the training mode, see {@linkcode batchNorm}
 * @returns [b, c_out, 8n, 8m]
 */
export function previewDecoder(
  { c_in, c_hidden, c_out }: PreviewDecoderConfig,
  latents: Value,
  { buffers }: { buffers?: Buffers } = {},
): Value {
  if (latents.dim(1) !== c_in) {
    throw new GraphError(`Expected latents of ${c_in} channels but found ${formatShape(latents.shape)}`);
  }
  let x = latents;
  let index = 0;
  /** The convolution, the GELU and the BatchNorm are a block each; the norm comes last. */
  const layer = (convolution: (x: Value) => Value) => {
    x = gelu(scope(`blocks.${index}`, () => convolution(x)));
    x = batchNorm(`blocks.${index + 2}`, x, { epsilon: 1e-5, buffers });
    index += 3;
  };
  layer((x) => convolve(x, { to: c_hidden, kernel: 1 }));
  layer((x) => convolve(x, { to: c_hidden, kernel: 3 }));
  for (const to of [c_hidden / 2, c_hidden / 4, c_hidden / 4]) {
    layer((x) => double(x, { to }));
    layer((x) => convolve(x, { to, kernel: 3 }));
  }
  return scope(`blocks.${index}`, () => convolve(x, { to: c_out, kernel: 1 }));
}
