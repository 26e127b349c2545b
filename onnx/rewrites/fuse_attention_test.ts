import assert from "node:assert/strict";
import {
  add,
  constant,
  type Graph,
  graph,
  input,
  matMul,
  mul,
  reshape,
  softmax,
  transpose,
  type Value,
} from "../mod.ts";
import { encodeModel } from "../encode.ts";
import { countFlops } from "../flops.ts";
import { Session } from "../../runtime/session.ts";
import { TorchGenerator } from "../../tensor/random/torch_generator.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { fuseAttention } from "./fuse_attention.ts";

const [batch, tokens, others, heads, width] = [2, 5, 7, 3, 4];
const channels = heads * width;
const q = input("q", "float32", ["batch", tokens, channels]);
const k = input("k", "float32", ["batch", others, channels]);
const v = input("v", "float32", ["batch", others, channels]);

function attend(
  { scale = 0.3, mask, tap, keys = k }: { scale?: number; mask?: Value; tap?: boolean; keys?: Value } = {},
): Graph {
  const split = (x: Value, perm: readonly number[]) =>
    transpose(reshape(x, [x.dim(0), x.dim(1), x.size(2) / width, width]), perm);
  const scores = matMul(mul(split(q, [0, 2, 1, 3]), scale), split(keys, [0, 2, 3, 1]));
  const mixed = matMul(softmax(mask ? add(scores, mask) : scores), split(v, [0, 2, 1, 3]));
  const y = reshape(transpose(mixed, [0, 2, 1, 3]), q.shape);
  return graph({ inputs: [q, k, v], outputs: tap ? { y, scores } : { y } });
}

async function run(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Promise<Float32Array> {
  const session = await Session.create(encodeModel(graph, () => assert.fail("no parameters")), { threads: 1 });
  try {
    return (await session.run(inputs))["y"]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

function tensors(): Record<string, Tensor> {
  const generator = new TorchGenerator(3);
  return {
    q: generator.normal([batch, tokens, channels]),
    k: generator.normal([batch, others, channels]),
    v: generator.normal([batch, others, channels]),
  };
}

Deno.test("fused attention is one node that gives the same numbers", async () => {
  const plain = attend();
  const fused = fuseAttention(plain);
  assert.deepEqual(fused.nodes.map(({ op }) => op), ["MultiHeadAttention"]);
  const inputs = tensors();
  const [before, after] = [await run(plain, inputs), await run(fused, inputs)];
  assert.equal(after.length, batch * tokens * channels);
  after.forEach((value, i) => assert.ok(Math.abs(value - before[i]!) < 1e-6, `${value} and ${before[i]} at ${i}`));
});

Deno.test("fusing keeps the factor of the scores, whatever it is", async () => {
  const inputs = tensors();
  const [weak, strong] = [
    await run(fuseAttention(attend({ scale: 0.01 })), inputs),
    await run(attend({ scale: 0.01 }), inputs),
  ];
  weak.forEach((value, i) => assert.ok(Math.abs(value - strong[i]!) < 1e-6));
  const other = await run(fuseAttention(attend({ scale: 2 })), inputs);
  assert.ok(other.some((value, i) => Math.abs(value - weak[i]!) > 0.1));
});

Deno.test("fusing does not change the count of floating-point operations", () => {
  const plain = attend();
  assert.equal(countFlops(fuseAttention(plain).nodes, { batch }), 4 * batch * tokens * others * channels);
  assert.equal(countFlops(plain.nodes, { batch }), 4 * batch * tokens * others * channels);
});

Deno.test("attention with a mask, or whose scores somebody else reads, stays as it is", () => {
  const masked = attend({ mask: constant("float32", [others], new Float32Array(others)) });
  assert.deepEqual(fuseAttention(masked).nodes, masked.nodes);
  const tapped = attend({ tap: true });
  assert.deepEqual(fuseAttention(tapped).nodes, tapped.nodes);
});

Deno.test("attention whose queries share one head of keys stays as it is", () => {
  const shared = attend({ keys: input("shared", "float32", ["batch", others, width]) });
  assert.deepEqual(fuseAttention(shared).nodes, shared.nodes);
});
