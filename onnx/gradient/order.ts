/**
 * Says in the graph what runs after what. A graph fixes no more of the order than its data do, and ONNX Runtime's own choice is
 * to run the backward pass down to the first layer before it computes any weight's gradient: all activations would wait for that.
 * @module
 */
import { product } from "../dims.ts";
import { add, cast, mul } from "../ops/elementwise.ts";
import { reduceSum } from "../ops/reduce.ts";
import { concat, reshape, slice } from "../ops/shape.ts";
import type { Value } from "../value.ts";

/**
 * `x` with the same elements, but not before `earlier` are computed: plus zero times an element of each. Int64 has no NaN or
 * infinity, so the zero is one whatever they hold.
 */
export function after(x: Value, earlier: readonly Value[]): Value {
  if (earlier.length === 0) return x;
  const firsts = earlier.map((value) => slice(reshape(value, [-1]), { axis: 0, start: 0, end: 1 }));
  const sum = reduceSum(concat(firsts, { axis: 0 }), { axes: [0] });
  const zero = cast(mul(cast(sum, "int64"), 0), x.dtype);
  return add(x, x.rank === 0 ? reshape(zero, []) : zero);
}

/** How many times its own size a gradient must set free before it waits: waiting costs a pass over its elements. */
const worthwhile = 4;

/** Lets the gradients of activations wait for those of weights now and then, which sets free what the latter read. */
export class WeightsFirst {
  #waiting: Value[] = [];
  #held = 0;

  /** Notes gradients of weights, and the values that wait in memory until they are computed. */
  note(gradients: readonly (Value | undefined)[], held: readonly (Value | undefined)[]): void {
    if (gradients.length === 0) return;
    this.#waiting.push(...gradients.filter((gradient) => gradient !== undefined));
    for (const value of held) if (value?.source.kind === "node") this.#held += sizeOf(value);
  }

  /** A gradient of an activation, after the noted ones where that is worthwhile. */
  order(gradient: Value): Value {
    if (this.#held < worthwhile * sizeOf(gradient)) return gradient;
    const ordered = after(gradient, this.#waiting);
    this.#waiting = [];
    this.#held = 0;
    return ordered;
  }
}

/** Number of elements; 0 where it is not known. */
function sizeOf({ shape }: Value): number {
  const size = product(shape);
  return typeof size === "number" ? size : 0;
}
