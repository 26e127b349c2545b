import assert from "node:assert/strict";
import { GraphError, input } from "../onnx/mod.ts";
import { compareModule, inside } from "../tests/module_case.ts";
import { inputsLike, runGraph } from "../tests/run_graph.ts";
import {
  attention,
  attentionBlock,
  channelNorm,
  depthwise,
  globalResponseNorm,
  pixelShuffle,
  pixelUnshuffle,
  timestepBlock,
} from "./layers.ts";

Deno.test("channelNorm() is the reference's LayerNorm over channels, down to where epsilon matters", async () => {
  await compareModule("layernorm2d", ({ x, x_small }) => ({
    out: inside(x!, channelNorm),
    out_small: inside(x_small!, channelNorm),
  }));
});

Deno.test("globalResponseNorm() is the reference's GRN, down to where epsilon matters", async () => {
  await compareModule("grn", ({ x, x_small }) => ({
    out: globalResponseNorm("norm", x!),
    out_small: globalResponseNorm("norm", x_small!),
  }), { scope: "norm." });
});

Deno.test("timestepBlock() scales and shifts by the mapped timestep", async () => {
  await compareModule("timestep_block", ({ x, t }) => ({ out: inside(x!, (x) => timestepBlock(x, t!)) }));
});

Deno.test("attentionBlock() attends to the picture and then to the text", async () => {
  await compareModule("attn_block", ({ x, kv }) => ({ out: inside(x!, (x) => attentionBlock(x, kv!, { heads: 3 })) }));
});

Deno.test("attentionBlock() without self-attention attends to the text only", async () => {
  await compareModule("attn_block_cross_only", ({ x, kv }) => ({
    out: inside(x!, (x) => attentionBlock(x, kv!, { heads: 3, selfAttention: false })),
  }));
});

Deno.test("pixelShuffle() undoes pixelUnshuffle(), which keeps torch's order of channels", async () => {
  const data = Float32Array.from({ length: 2 * 4 * 6 }, (_, i) => i);
  const x = { dtype: "float32", shape: [1, 2, 4, 6], data } as const;
  const values = inputsLike({ x });
  const patches = pixelUnshuffle(values.x, 2);
  assert.deepEqual(patches.shape, [1, 2, 3, 8]);
  const found = await runGraph({ patches, back: pixelShuffle(patches, 2) }, { inputs: { x } });
  assert.deepEqual(found["back"], x);
  // torch.nn.PixelUnshuffle: channel c·4 + dy·2 + dx of the first cell.
  assert.deepEqual([...found["patches"]!.data as Float32Array].slice(0, 8), [0, 1, 6, 7, 24, 25, 30, 31]);
});

Deno.test("heads that do not fit the width, and an even kernel, are errors", () => {
  const tokens = input("tokens", "float32", [1, 2, 6]);
  for (const heads of [0, -1, 7]) {
    assert.throws(
      () => attention(tokens, tokens, { heads }),
      new GraphError(`attention: Expected 1 to 6 attention heads but found ${heads}`),
    );
  }
  const map = input("map", "float32", [1, 4, 4, 6]);
  assert.throws(() => depthwise(map, { kernel: 2 }), new GraphError("Expected kernel_size to be odd but found 2"));
});
