/**
 * Reverse-mode differentiation of graphs: appends the backward pass, made of the same operators.
 * @module
 */
import { sortNodes } from "../graph.ts";
import { add } from "../ops/elementwise.ts";
import { expand } from "../ops/shape.ts";
import { GraphError, type Node, scalar, scope, type Value } from "../value.ts";
import { formatShape } from "../dims.ts";
import { repeatTo, sumTo } from "./broadcast.ts";
import { elementwise } from "./elementwise.ts";
import { linear } from "./linear.ts";
import { WeightsFirst } from "./order.ts";
import { Recomputation } from "./recompute.ts";
import { reduce } from "./reduce.ts";
import type { Application, Rules } from "./rule.ts";
import { shape } from "./shape.ts";

const others: Rules = { ...linear, ...reduce, ...shape };

/** How the backward pass is made. */
export interface GradientOptions {
  /**
   * Chooses scope paths, such as `blocks.3`, whose forward pass runs again in the backward pass in place of keeping its
   * activations in memory. Gradients stay the same; the outermost path that is chosen counts.
   */
  recompute?: (scope: string) => boolean;
}

/** What makes two values one variable: a parameter is its key, however often it was declared. */
function variableOf(value: Value): Value | string {
  return value.source.kind === "parameter" ? value.source.key : value;
}

/** Gradients by value, summed as they arrive. */
class Sums {
  readonly #sums = new Map<Value | string, Value>();

  add(value: Value | undefined, gradient: Value | undefined): void {
    if (!value || !gradient) return;
    const sum = this.#sums.get(variableOf(value));
    this.#sums.set(variableOf(value), sum ? add(sum, gradient) : gradient);
  }

  get(value: Value): Value | undefined {
    return this.#sums.get(variableOf(value));
  }
}

/** Which values depend on a wanted one, and which on nothing but parameters and constants. */
function classify(nodes: readonly Node[], wanted: readonly Value[]) {
  const reached = new Set(wanted.map(variableOf));
  const fixed = new Set<Value>();
  const isReached = (value: Value | undefined) => value !== undefined && reached.has(variableOf(value));
  const isFixed = (value: Value | undefined) =>
    value === undefined || value.source.kind === "parameter" || value.source.kind === "constant" || fixed.has(value);
  for (const node of nodes) {
    for (const value of node.outputs) {
      if (node.inputs.some(isReached)) reached.add(value);
      if (node.inputs.every(isFixed)) fixed.add(value);
    }
  }
  return { isReached, isFixed };
}

/** Sums over broadcast axes, and zeros, need to know how many there are. */
function checkSizes(node: Node): void {
  for (const value of [...node.inputs, ...node.outputs]) {
    if (value?.shape.some((dim) => typeof dim === "string")) {
      throw new GraphError(
        `${node.op}: Expected known sizes to differentiate by but found ${formatShape(value.shape)}`,
      );
    }
  }
}

/** Gradients by a node's operands, each of a shape that broadcasts to its operand's. */
function differentiate(node: Node, g: Value): readonly (Value | undefined)[] {
  const [y] = node.outputs as [Value];
  const [a, b] = node.inputs as [Value, Value];
  const apply = (application: Application) => (elementwise[node.op] ?? others[node.op])?.(application);
  const gradients = apply({ g: elementwise[node.op] ? g : repeatTo(g, y.shape), y, a, b, node });
  if (!gradients) throw new GraphError(`Expected an operator that has a gradient but found ${node.op}`);
  if (!elementwise[node.op]) return gradients;
  return gradients.map((gradient, i) => gradient && sumTo(gradient, { from: y.shape, to: node.inputs[i]!.shape }));
}

/**
 * Gradient of the scalar `loss` by each of `wanted`, which may be inputs, parameters or values in between: as many values, of
 * their shapes. A parameter that was declared several times is one variable, found by its key. What no path reaches has zeros.
 *
 * @throws {GraphError} where `loss` is no float scalar, an operator on the way has no gradient, or a size is a symbol
 * @example
 * ```ts
 * import { onnx } from "wuerstchen";
 * const x = onnx.input("x", "float32", [3]);
 * const loss = onnx.reduceMean(onnx.mul(x, x), { axes: [0] });
 * const [dx] = onnx.gradient(loss, [x]);
 * onnx.graph({ outputs: { loss, dx: dx! } });
 * ```
 */
export function gradient(loss: Value, wanted: readonly Value[], { recompute }: GradientOptions = {}): Value[] {
  if (!loss.dtype.startsWith("float") || loss.shape.some((dim) => dim !== 1)) {
    throw new GraphError(`Expected the loss to be one float but found ${loss.dtype} ${formatShape(loss.shape)}`);
  }
  const nodes = sortNodes([loss]);
  const { isReached, isFixed } = classify(nodes, wanted);
  const again = recompute && new Recomputation(nodes, recompute);
  const weightsFirst = new WeightsFirst();
  const sums = new Sums();
  sums.add(loss, expand(scalar(loss.dtype, 1), loss.shape as readonly number[]));
  for (const node of nodes.toReversed()) {
    const g = sums.get(node.outputs[0]!);
    if (!g || !node.inputs.some(isReached)) continue;
    const twin = again ? scope("gradient", () => again.twin(node, g)) : node;
    scope(node.scope === "" ? "gradient" : `gradient.${node.scope}`, () => {
      checkSizes(node);
      const gradients = differentiate(twin, g);
      const shares = node.inputs.map((value, i) => ({ value, gradient: gradients[i] }));
      const { weights = [], activations = [] } = Object.groupBy(
        shares.filter(({ value }) => isReached(value)),
        ({ value }) => isFixed(value) ? "weights" : "activations",
      );
      for (const { value, gradient } of weights) sums.add(value, gradient);
      weightsFirst.note(weights.map(({ gradient }) => gradient), [g, ...node.inputs]);
      for (const { value, gradient } of activations) sums.add(value, gradient && weightsFirst.order(gradient));
    });
  }
  return wanted.map((value) => {
    const sum = sums.get(value) ?? scalar(value.dtype, 0);
    return repeatTo(sum, value.shape);
  });
}

/** Every parameter that `loss` depends on, each key once, in the order of first use. */
export function parametersOf(loss: Value): Value[] {
  const found = new Map<string, Value>();
  for (const value of [...sortNodes([loss]).flatMap((node) => node.inputs), loss]) {
    if (value?.source.kind === "parameter" && !found.has(value.source.key)) found.set(value.source.key, value);
  }
  return [...found.values()];
}
