import assert from "node:assert/strict";
import type { NetworkTree } from "../stages/inspect.ts";
import { formatFlops, formatNetworks } from "./_run_inspect.ts";

const plan = {
  image: { width: 128, height: 64 },
  prior: { width: 3, height: 2 },
  decoder: { width: 32, height: 16 },
  decoded: { width: 128, height: 64 },
  crop: { top: 0, left: 0 },
};
const network: NetworkTree = {
  name: "prior",
  className: "WuerstchenPrior",
  shape: [1, 16, 2, 3],
  parameters: 1234567,
  flops: 2.5e9,
  nodes: 40,
  activationBytes: 4e6,
  children: [
    {
      name: "blocks",
      parameters: 1234000,
      flops: 2.4e9,
      children: [{ name: "0", shape: [1, 8], parameters: 4, flops: 10, children: [] }],
    },
    { name: "out", shape: [1, 2], parameters: 567, flops: 1e8, children: [] },
  ],
};

Deno.test("formatNetworks() draws a tree with aligned columns", () => {
  assert.equal(
    formatNetworks([network], { name: "emoji", plan, depth: 2 }),
    `emoji: 1,234,567 parameters; a picture of 128×64 px has Stage C latents of 3×2 and Stage B latents of 32×16

network                 output         parameters  operations

prior  WuerstchenPrior  [1, 16, 2, 3]   1,234,567   2.5 GFLOP
├─ blocks                               1,234,000   2.4 GFLOP
│  └─ 0                 [1, 8]                  4     10 FLOP
└─ out                  [1, 2]                567   100 MFLOP
`,
  );
});

Deno.test("formatNetworks() stops at the depth that it is given", () => {
  const lines = formatNetworks([network], { name: "emoji", plan, depth: 0 }).trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines.at(-1)!, /^prior {2}WuerstchenPrior/);
});

Deno.test("formatFlops() keeps three digits", () => {
  const shown = [0, 999, 1e3, 123456, 1.2345e6, 999.9e6, 2.1724e12].map(formatFlops);
  assert.deepEqual(shown, ["0 FLOP", "999 FLOP", "1 kFLOP", "123 kFLOP", "1.23 MFLOP", "1000 MFLOP", "2.17 TFLOP"]);
});
