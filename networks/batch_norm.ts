/**
 * BatchNorm with its running statistics, for networks that work channels-first (https://arxiv.org/abs/1502.03167, algorithm 2).
 * @module
 */
import {
  add,
  conv,
  div,
  mul,
  parameter,
  reduceMean,
  reshape,
  scope,
  scopePath,
  sqrt,
  stopGradient,
  sub,
  type Value,
} from "../onnx/mod.ts";

/** How a `torch.nn.BatchNorm2d` was made. */
export interface BatchNormOptions {
  epsilon: number;
  /** Whether it has a trained weight and bias. */
  affine?: boolean;
}

/** The norm of the open scope as x·scale + shift: both [channels], made of parameters alone, so that the runtime folds them. */
function coefficients(channels: number, { epsilon, affine = true }: BatchNormOptions): { scale: Value; shift: Value } {
  const shape = [channels];
  const deviation = sqrt(add(parameter("running_var", shape), epsilon));
  const scale = div(affine ? parameter("weight", shape) : 1, deviation);
  const center = mul(parameter("running_mean", shape), scale);
  return { scale, shift: sub(affine ? parameter("bias", shape) : 0, center) };
}

/** Next values of tensors that a network keeps but no gradient trains, by checkpoint key. */
export type Buffers = Map<string, Value>;

/** Share of the batch in the next running statistics: torch's default. */
const momentum = 0.1;

/**
 * `torch.nn.BatchNorm2d`: [b, c, h, w] → [b, c, h, w].
 *
 * @param options.buffers makes it the training mode: the batch's own statistics are used (algorithm 1), and what the running
 *   ones become is put here; the batch must then be a number
 */
export function batchNorm(
  name: string,
  x: Value,
  { buffers, ...options }: BatchNormOptions & { buffers?: Buffers | undefined },
): Value {
  return scope(name, () => {
    const channels = x.size(1);
    if (buffers) return trainingNorm(x, { ...options, buffers });
    const { scale, shift } = coefficients(channels, options);
    const column = [1, channels, 1, 1];
    return add(mul(x, reshape(scale, column)), reshape(shift, column));
  });
}

function trainingNorm(x: Value, { epsilon, affine = true, buffers }: BatchNormOptions & { buffers: Buffers }): Value {
  const channels = x.size(1);
  const mean = reduceMean(x, { axes: [0, 2, 3] });
  const centred = sub(x, mean);
  const variance = reduceMean(mul(centred, centred), { axes: [0, 2, 3] });
  const count = x.size(0) * x.size(2) * x.size(3);
  const keep = (key: string, batch: Value) => {
    const next = add(mul(parameter(key, [channels]), 1 - momentum), mul(reshape(batch, [channels]), momentum));
    buffers.set(`${scopePath()}.${key}`, stopGradient(next));
  };
  keep("running_mean", mean);
  // The running variance is the unbiased one.
  keep("running_var", mul(variance, count / Math.max(1, count - 1)));
  const normed = div(centred, sqrt(add(variance, epsilon)));
  if (!affine) return normed;
  const column = (key: string) => reshape(parameter(key, [channels]), [1, channels, 1, 1]);
  return add(mul(normed, column("weight")), column("bias"));
}

/**
 * A convolution without bias, named 0, and the BatchNorm after it, named 1, as one convolution (`Conv2dNormActivation` of
 * torchvision, less the activation): [b, c, h, w] → [b, to, ⌈h/stride⌉, ⌈w/stride⌉].
 *
 * BN(w·x) = (scale·w)·x + shift.
 */
export function convolutionNorm(
  x: Value,
  { to, kernel = 1, stride = 1, groups = 1, ...norm }: BatchNormOptions & {
    to: number;
    /** Odd. */
    kernel?: number;
    stride?: number;
    groups?: number;
  },
): Value {
  const weight = scope("0", () => parameter("weight", [to, x.size(1) / groups, kernel, kernel]));
  const { scale, shift } = scope("1", () => coefficients(to, norm));
  const scaled = mul(weight, reshape(scale, [to, 1, 1, 1]));
  return conv(x, scaled, { bias: shift, stride, padding: (kernel - 1) / 2, groups });
}
