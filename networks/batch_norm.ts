/**
 * BatchNorm with its running statistics, for networks that work channels-first (https://arxiv.org/abs/1502.03167, algorithm 2).
 * @module
 */
import { add, conv, div, mul, parameter, reshape, scope, sqrt, sub, type Value } from "../onnx/mod.ts";

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

/** `torch.nn.BatchNorm2d` in evaluation mode: [b, c, h, w] → [b, c, h, w]. */
export function batchNorm(name: string, x: Value, options: BatchNormOptions): Value {
  return scope(name, () => {
    const channels = x.size(1);
    const { scale, shift } = coefficients(channels, options);
    const column = [1, channels, 1, 1];
    return add(mul(x, reshape(scale, column)), reshape(shift, column));
  });
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
