/**
 * Layers that the networks share. Activations are channels-last, [b, h, w, c] or [b, tokens, c]; parameters have the shapes
 * and names that torch gives them.
 * @module
 */
import {
  add,
  chunk,
  concat,
  constant,
  conv,
  div,
  expand,
  gelu,
  gemm,
  GraphError,
  layerNormalization,
  matMul,
  mul,
  parameter,
  reduceMean,
  reduceSum,
  reshape,
  scope,
  silu,
  softmax,
  sqrt,
  transpose,
  type Value,
} from "../onnx/mod.ts";

/** Multiplies the last axis of `x` with a weight [to, from]: flattens to rows, and back. */
function project(x: Value, weight: Value, bias: Value | undefined): Value {
  const rows = reshape(x, [-1, x.dim(-1)]);
  return reshape(gemm(rows, weight, { bias }), [...x.shape.slice(0, -1), weight.dim(0)]);
}

/** `torch.nn.Linear` over the last axis: [..., from] → [..., to]. */
export function linear(name: string, x: Value, { to, bias = true }: { to: number; bias?: boolean }): Value {
  return scope(name, () => {
    const weight = parameter("weight", [to, x.size(-1)]);
    return project(x, weight, bias ? parameter("bias", [to]) : undefined);
  });
}

/** `torch.nn.Conv2d` with a 1×1 kernel, which is a linear map of the channels: [b, h, w, from] → [b, h, w, to]. */
export function pointwise(name: string, x: Value, { to, bias = true }: { to: number; bias?: boolean }): Value {
  return scope(name, () => {
    const weight = reshape(parameter("weight", [to, x.size(-1), 1, 1]), [to, x.size(-1)]);
    return project(x, weight, bias ? parameter("bias", [to]) : undefined);
  });
}

/** [b, h, w, c] → [b, c, h, w] */
export function toChannelsFirst(x: Value): Value {
  return transpose(x, [0, 3, 1, 2]);
}

/** [b, c, h, w] → [b, h, w, c] */
export function toChannelsLast(x: Value): Value {
  return transpose(x, [0, 2, 3, 1]);
}

/** `torch.nn.Conv2d` with any kernel: [b, h, w, c] → [b, h', w', to]. */
export function convolution(
  name: string,
  x: Value,
  { to, kernel, stride = 1, padding = 0, groups = 1 }: {
    to: number;
    kernel: number;
    stride?: number;
    padding?: number;
    groups?: number;
  },
): Value {
  return scope(name, () => {
    const weight = parameter("weight", [to, x.size(-1) / groups, kernel, kernel]);
    const options = { bias: parameter("bias", [to]), stride, padding, groups };
    return toChannelsLast(conv(toChannelsFirst(x), weight, options));
  });
}

/** LayerNorm over the channels without trained parameters, optionally times a scalar plus a scalar (both of shape [1]). */
export function channelNorm(
  x: Value,
  { epsilon = 1e-6, scale, shift }: { epsilon?: number; scale?: Value; shift?: Value } = {},
): Value {
  const channels = x.size(-1);
  const ones = constant("float32", [channels], new Float32Array(channels).fill(1));
  return layerNormalization(x, scale ? expand(scale, [channels]) : ones, {
    bias: shift && expand(shift, [channels]),
    epsilon,
  });
}

/** `torch.nn.LayerNorm` with trained weight and bias. */
export function layerNorm(name: string, x: Value, { epsilon }: { epsilon: number }): Value {
  return scope(name, () => {
    const channels = x.size(-1);
    return layerNormalization(x, parameter("weight", [channels]), { bias: parameter("bias", [channels]), epsilon });
  });
}

/**
 * Root mean square normalisation over the channels (https://arxiv.org/abs/1910.07467, eq. 4), with trained weight:
 * γ·x / √(mean of x² + epsilon).
 */
export function rmsNorm(name: string, x: Value, { epsilon }: { epsilon: number }): Value {
  return scope(name, () => {
    const meanSquare = reduceMean(mul(x, x), { axes: [-1] });
    return mul(div(x, sqrt(add(meanSquare, epsilon))), parameter("weight", [x.size(-1)]));
  });
}

/**
 * Global response normalisation over height and width (ConvNeXt V2, https://arxiv.org/abs/2301.00808, §3.2):
 * γ·(x·n̂) + β + x, with n = ‖x‖₂ per channel and n̂ = n / (mean of n over the channels + 10⁻⁶).
 */
export function globalResponseNorm(name: string, x: Value): Value {
  return scope(name, () => {
    const channels = x.size(-1);
    const gamma = parameter("gamma", [1, 1, 1, channels]);
    const beta = parameter("beta", [1, 1, 1, channels]);
    // One axis after the other: the runtime spreads the first sum over threads, which it does not do for both axes at batch 1.
    const norm = sqrt(reduceSum(reduceSum(mul(x, x), { axes: [2] }), { axes: [1] }));
    const relative = div(norm, add(reduceMean(norm, { axes: [3] }), 1e-6));
    return add(mul(x, add(mul(gamma, relative), 1)), beta);
  });
}

/** The pointwise half of a ConvNeXt block: [.., from] → 4·channels → GELU → GRN → channels. */
export function channelwise(x: Value, { channels }: { channels: number }): Value {
  return scope("channelwise", () => {
    const wide = globalResponseNorm("2", gelu(linear("0", x, { to: 4 * channels })));
    return linear("4", wide, { to: channels });
  });
}

/** Depthwise convolution that keeps the size: [b, h, w, n·to] → [b, h, w, to], n neighbouring channels to each of the result. */
export function depthwise(x: Value, { to = x.size(-1), kernel }: { to?: number; kernel: number }): Value {
  if (kernel % 2 === 0) throw new GraphError(`Expected kernel_size to be odd but found ${kernel}`);
  return convolution("depthwise", x, { to, kernel, padding: Math.floor(kernel / 2), groups: to });
}

/** x·(1 + a) + b with [a, b] = Linear(embedding) (`TimestepBlock`); x is [b, h, w, c], the embedding [b, c_r]. */
export function timestepBlock(x: Value, embedding: Value): Value {
  const channels = x.size(-1);
  const mapped = linear("mapper", embedding, { to: 2 * channels });
  const [a, b] = splitChannels(reshape(mapped, [mapped.dim(0), 1, 1, 2 * channels]), 2);
  return add(mul(x, add(a!, 1)), b!);
}

/** Multi-head attention of `query` [b, n, c] over `context` [b, m, c] with the names of diffusers' `Attention`. */
export function attention(query: Value, context: Value, { heads }: { heads: number }): Value {
  return scope("attention", () => {
    const width = query.size(-1);
    if (heads < 1 || heads > width) throw new GraphError(`Expected 1 to ${width} attention heads but found ${heads}`);
    const headWidth = Math.floor(width / heads);
    const inner = headWidth * heads;
    const q = linear("to_q", query, { to: inner });
    const k = linear("to_k", context, { to: inner });
    const v = linear("to_v", context, { to: inner });
    return linear("to_out.0", scaledDotProduct({ q, k, v }, { heads }), { to: width });
  });
}

/**
 * softmax(s·q·kᵀ + mask)·v for each head; q [b, n, c], k and v [b, m, c], mask broadcasts to [b, heads, n, m].
 *
 * @param options.scale s, which is 1/√d with d the channels of a head unless told
 */
export function scaledDotProduct(
  { q, k, v, mask }: { q: Value; k: Value; v: Value; mask?: Value },
  { heads, scale }: { heads: number; scale?: number },
): Value {
  const headWidth = q.size(-1) / heads;
  const split = (x: Value, perm: readonly number[]) =>
    transpose(reshape(x, [x.dim(0), x.dim(1), heads, headWidth]), perm);
  const scores = matMul(mul(split(q, [0, 2, 1, 3]), scale ?? 1 / Math.sqrt(headWidth)), split(k, [0, 2, 3, 1]));
  const mixed = matMul(softmax(mask ? add(scores, mask) : scores), split(v, [0, 2, 1, 3]));
  return reshape(transpose(mixed, [0, 2, 1, 3]), q.shape);
}

/**
 * Attention block of Würstchen: the keys and values are the normed picture tokens and then the mapped text.
 * x [b, h, w, c], text [b, t, c_cond].
 */
export function attentionBlock(
  x: Value,
  text: Value,
  { heads, selfAttention = true }: { heads: number; selfAttention?: boolean },
): Value {
  const channels = x.size(-1);
  const mapped = linear("kv_mapper.1", silu(text), { to: channels });
  const tokens = reshape(channelNorm(x), [x.dim(0), x.size(1) * x.size(2), channels]);
  const context = selfAttention ? concat([tokens, mapped], { axis: 1 }) : mapped;
  return add(x, reshape(attention(tokens, context, { heads }), x.shape));
}

/** Cuts the last axis into `count` equal parts. */
export function splitChannels(x: Value, count: number): Value[] {
  return chunk(x, count, { axis: -1 });
}

/** `torch.nn.PixelUnshuffle`, from channels first to channels last: [b, c, h·f, w·f] → [b, h, w, c·f²]. */
export function pixelUnshuffle(x: Value, factor: number): Value {
  const [b, c] = [x.dim(0), x.size(1)];
  const [h, w] = [x.size(2) / factor, x.size(3) / factor];
  const parts = transpose(reshape(x, [b, c, h, factor, w, factor]), [0, 2, 4, 1, 3, 5]);
  return reshape(parts, [b, h, w, c * factor * factor]);
}

/** `torch.nn.PixelShuffle`, from channels last to channels first: [b, h, w, c·f²] → [b, c, h·f, w·f]. */
export function pixelShuffle(x: Value, factor: number): Value {
  const [b, h, w] = [x.dim(0), x.size(1), x.size(2)];
  const c = x.size(3) / (factor * factor);
  const parts = transpose(reshape(x, [b, h, w, c, factor, factor]), [0, 3, 1, 4, 2, 5]);
  return reshape(parts, [b, c, h * factor, w * factor]);
}
