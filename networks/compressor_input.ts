/**
 * What stands before a semantic compressor and after it: pixels become its input, its embedding becomes Stage C's target.
 * @module
 */
import { add, constant, div, GraphError, matMul, sub, type Value } from "../onnx/mod.ts";
import { type ResampleFilter, resampling, resamplingMatrix } from "../tensor/resample.ts";

/** Mean and deviation of ImageNet's pixels 0…1, channel by channel, which torchvision's networks expect to be taken out. */
export const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/**
 * Resizes pixels and normalises them.
 *
 * The published models resize to 3/4 of the picture, so that 32 pixels a cell become 42⅔ pixels of the picture: Würstchen v2 with
 * the antialiased bilinear filter, Stable Cascade with `"nearest"`. Resampling is a matrix an axis, so the graph that trains
 * Stage B takes one picture for Stage A and for the compressor.
 *
 * @param pixels 0…1, [b, c, H, W]
 * @param options.size height and width of the result
 * @param options.mean, options.std one number a channel
 * @returns [b, c, ...size]
 */
export function compressorInput(
  pixels: Value,
  { size, filter = "bilinear", mean = imageNet.mean, std = imageNet.std }: {
    size: readonly [number, number];
    filter?: ResampleFilter;
    mean?: readonly number[];
    std?: readonly number[];
  },
): Value {
  const channels = pixels.size(1);
  if (mean.length !== channels || std.length !== channels) {
    throw new GraphError(
      `Expected a mean and a deviation for each of the ${channels} channels but found ${mean.length} and ${std.length}`,
    );
  }
  const column = (values: readonly number[]) => constant("float32", [1, channels, 1, 1], Float32Array.from(values));
  return div(sub(resize(pixels, { size, filter }), column(mean)), column(std));
}

/** A_h · x · A_wᵀ over the last two axes. */
function resize(x: Value, { size, filter }: { size: readonly [number, number]; filter: ResampleFilter }): Value {
  const [height, width] = size;
  const [h, w] = [x.size(2), x.size(3)];
  if (w !== width) x = matMul(x, constant("float32", [w, width], columns(w, { to: width, filter })));
  if (h !== height) {
    const rows = resamplingMatrix(resampling(h, height, { filter }));
    x = matMul(constant("float32", [height, h], rows), x);
  }
  return x;
}

/** The resampling matrix, transposed: [from, to]. */
function columns(from: number, { to, filter }: { to: number; filter: ResampleFilter }): Float32Array {
  const matrix = resamplingMatrix(resampling(from, to, { filter }));
  return Float32Array.from(matrix, (_, i) => matrix[(i % to) * from + Math.floor(i / to)]!);
}

/**
 * What Stage C learns to make: (e + latent_std) / latent_mean, the two numbers being those of the prior's repository, which undoes
 * it by x·latent_mean − latent_std. Würstchen v2 has 42 and 1; Stable Cascade takes the embedding as it is, which is 1 and 0.
 */
export function stageCTarget(
  embedding: Value,
  { latentMean, latentStd }: { latentMean: number; latentStd: number },
): Value {
  return div(add(embedding, latentStd), latentMean);
}
