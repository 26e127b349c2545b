/**
 * What stands before a semantic compressor and after it: pixels become its input, its embedding becomes Stage C's target.
 * @module
 */
import { add, constant, div, GraphError, matMul, sub, type Value } from "../onnx/mod.ts";
import { type ResampleFilter, resampling, resamplingMatrix } from "../tensor/resample.ts";

/**
 * Height and width of the compressor's input, for a picture of the given size: `stride` pixels for each cell of Stage C's latent, which
 * has ⌈side / resolutionMultiple⌉ of them.
 *
 * @param options.stride pixels a cell of the compressor
 * @param options.resolutionMultiple pixels of the picture a cell; 42.67 in the published models, so that 1024 becomes 768
 */
export function compressorSize(
  { height, width }: { height: number; width: number },
  { stride, resolutionMultiple }: { stride: number; resolutionMultiple: number },
): [height: number, width: number] {
  return [stride * Math.ceil(height / resolutionMultiple), stride * Math.ceil(width / resolutionMultiple)];
}

/**
 * Resizes pixels and normalises them.
 *
 * Würstchen v2 resizes with the antialiased bilinear filter, Stable Cascade with `"nearest"`. Resampling is a matrix an axis, so
 * the graph that trains Stage B takes one picture for Stage A and for the compressor.
 *
 * @param pixels 0…1, [b, c, H, W]
 * @param options.size height and width of the result, see {@linkcode compressorSize}
 * @param options.mean, options.std `image_mean` and `image_std` of the compressor: one number a channel, or one for all
 * @returns [b, c, ...size]
 */
export function compressorInput(
  pixels: Value,
  { size, mean, std, filter = "bilinear" }: {
    size: readonly [number, number];
    mean: readonly number[];
    std: readonly number[];
    filter?: ResampleFilter;
  },
): Value {
  const column = (name: string, values: readonly number[]) => {
    const { length } = values;
    if (length !== 1 && length !== pixels.dim(1)) {
      throw new GraphError(
        `Expected ${name} to have a number for each of the ${pixels.dim(1)} channels, or one, but found ${length}`,
      );
    }
    return constant("float32", [1, length, 1, 1], Float32Array.from(values));
  };
  return div(sub(resize(pixels, { size, filter }), column("image_mean", mean)), column("image_std", std));
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
