/**
 * Trades time for memory: the forward pass of a block runs a second time in the backward pass, so that the block's activations
 * need not wait in memory (https://arxiv.org/abs/1604.06174).
 * @module
 */
import { emit, type Node, scope, type Value } from "../value.ts";
import { after } from "./order.ts";

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
   * Repeats `nodes`, reading what comes from outside only after the incoming gradient. So the runtime can neither run the twins
   * earlier nor merge them with the first pass.
   */
  #repeat(nodes: readonly Node[], gradient: Value): void {
    const values = new Map<Value, Value>();
    const again = (value: Value) => {
      const isActivation = value.source.kind === "node" || value.source.kind === "input";
      if (isActivation && value.dtype.startsWith("float") && !values.has(value)) {
        values.set(value, after(value, [gradient]));
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
