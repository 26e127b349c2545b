/**
 * Runs a deep network's training graph in a process of its own and prints the memory of its activations in bytes, forecast and
 * found. The only argument is `keep` or `recompute`.
 * @module
 */
import { encodeModel, graph, peakActivationBytes } from "../onnx/mod.ts";
import { Session } from "../runtime/session.ts";
import { tensor } from "../tensor/tensor.ts";
import { backward, isBlock, stack } from "./deep_stack.ts";

function highestMemory(): number {
  return 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
}

const loss = stack({ rows: 2048, width: 64, depth: 24 });
const built = graph({ outputs: { loss, ...backward(loss, Deno.args[0] === "recompute" ? isBlock : undefined) } });
const model = encodeModel(built, ({ shape }) => ({ kind: "tensor", tensor: tensor("float32", shape) }));
const session = await Session.create(model, { threads: 1, memoryPattern: false });
const feeds = Object.fromEntries(
  built.inputs.map(({ name, value }) => [name, tensor("float32", value.shape as readonly number[])]),
);
const before = highestMemory();
await session.run(feeds);
console.log(JSON.stringify({ forecast: peakActivationBytes(built), found: highestMemory() - before }));
