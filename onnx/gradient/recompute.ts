/**
 * Trades time for memory: the forward pass of a block runs a second time in the backward pass, so that the block's activations
 * need not wait in memory (https://arxiv.org/abs/1604.06174).
 * @module
 */
import { add, cast, mul } from "../ops/elementwise.ts";
import { reshape, slice } from "../ops/shape.ts";
import { emit, type Node, scope, type Value } from "../value.ts";

/** The second forward pass of the blocks that `isBlock` chooses. */
export class Recomputation {
  /** Nodes of each block by the block's scope path, in the order in which they run. */
  readonly #blocks = new Map<string, Node[]>();
  readonly #blockOf = new Map<Node, string>();
  readonly #twins = new Map<Node, Node>();

  constructor(nodes: readonly Node[], isBlock: (scope: string) => boolean) {
    for (const node of nodes) {
      const names = node.scope.split(".");
      const path = names.map((_, i) => names.slice(0, i + 1).join(".")).find(isBlock);
      if (path === undefined) continue;
      this.#blockOf.set(node, path);
      this.#blocks.set(path, [...this.#blocks.get(path) ?? [], node]);
    }
  }

  /** The node that the backward pass reads from: `node` itself, or its twin where its block runs again. */
  twin(node: Node, gradient: Value): Node {
    const block = this.#blockOf.get(node);
    if (block === undefined) return node;
    if (!this.#twins.has(node)) this.#repeat(this.#blocks.get(block)!, gradient);
    return this.#twins.get(node)!;
  }

  /**
   * Repeats `nodes`, reading what comes from outside as x + 0·(an element of the incoming gradient). That changes no number, but the
   * runtime can neither merge the twins with the first pass nor run them before their gradient is there.
   */
  #repeat(nodes: readonly Node[], gradient: Value): void {
    const nothing = mul(slice(reshape(gradient, [-1]), { axis: 0, start: 0, end: 1 }), 0);
    const values = new Map<Value, Value>();
    const again = (value: Value) => {
      const own = value.source.kind === "node" || value.source.kind === "input";
      if (own && value.dtype.startsWith("float") && !values.has(value)) {
        const rank = value.rank === 0 ? reshape(nothing, []) : nothing;
        values.set(value, add(value, cast(rank, value.dtype)));
      }
      return values.get(value) ?? value;
    };
    for (const node of nodes) {
      const outputs = scope(node.scope, () =>
        emit(node.op, node.inputs.map((value) => value && again(value)), {
          outputs: node.outputs.map(({ dtype, shape }) => [dtype, shape]),
          attributes: node.attributes,
          domain: node.domain,
        }));
      node.outputs.forEach((value, i) => values.set(value, outputs[i]!));
      this.#twins.set(node, (outputs[0]!.source as { node: Node }).node);
    }
  }
}
