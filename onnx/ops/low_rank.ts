/**
 * A weight with a low-rank change.
 * @module
 */
import { formatShape, product } from "../dims.ts";
import { GraphError, type Value } from "../value.ts";
import { add, mul } from "./elementwise.ts";
import { matMul } from "./linear.ts";
import { reshape } from "./shape.ts";

/**
 * W + s·B·A (LoRA, https://arxiv.org/abs/2106.09685, eq. 3): the weight [o, …], `up` = B [o, r, …] and `down` = A [r, …], whose
 * other dimensions are as many numbers as the weight's: those of a convolution's kernel belong to A.
 *
 * With weights that are known when a session is built the runtime folds the sum into one tensor.
 */
export function addLowRank(weight: Value, { down, up, scale }: { down: Value; up: Value; scale: number }): Value {
  const [a, b] = [reshape(down, [down.dim(0), -1]), reshape(up, [up.dim(0), -1])];
  if (weight.dim(0) !== b.dim(0) || a.dim(0) !== b.dim(1) || product(weight.shape.slice(1)) !== a.dim(1)) {
    throw new GraphError(
      `Expected a weight [o, …], up [o, r] and down [r, …] but found ${formatShape(weight.shape)}, ` +
        `${formatShape(up.shape)} and ${formatShape(down.shape)}`,
    );
  }
  return add(weight, reshape(matMul(mul(b, scale), a), weight.shape));
}
