/**
 * What the gradient tables are made of.
 * @module
 */
import { GraphError, type Node, type Value } from "../value.ts";

/** One application of an operator, as its rule sees it. */
export interface Application {
  /** Gradient of the loss by the result y. */
  readonly g: Value;
  /** Result. */
  readonly y: Value;
  /** First operand. */
  readonly a: Value;
  /** Second operand, where the operator has one. */
  readonly b: Value;
  /** The node itself: attributes and further operands. */
  readonly node: Node;
}

/**
 * Gradient of the loss by each operand, in their order; `undefined`, or a list that ends early, where there is none. A gradient
 * may have any shape that broadcasts to that of its operand. What nobody reads never gets into the graph, so a rule need not
 * ask which operands matter.
 */
export type Rule = (application: Application) => readonly (Value | undefined)[];

/** Rules by ONNX operator. */
export type Rules = Readonly<Record<string, Rule>>;

/** The numbers of a constant int64 operand: axes, pads, starts. */
export function integersOf(value: Value | undefined): number[] {
  if (value?.source.kind !== "constant") throw new GraphError("Expected a constant operand to differentiate by");
  return Array.from(value.source.data as BigInt64Array, Number);
}
