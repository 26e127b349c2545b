import assert from "node:assert/strict";
import { add, gemm, input, parameter, scope } from "../onnx/mod.ts";
import { inspectModel, inspectNetwork } from "./inspect.ts";
import { wuerstchenV2 } from "./published_configs.ts";

Deno.test("inspectNetwork() adds parameters and operations up along the scope path", () => {
  const tree = inspectNetwork({ name: "net", className: "Net" }, () => {
    const x = input("x", "float32", [2, 3]);
    const y = scope("blocks.0", () => scope("fc", () => gemm(x, parameter("weight", [5, 3]))));
    const z = scope("blocks.1", () => gemm(y, parameter("weight", [4, 5]), { bias: parameter("bias", [4]) }));
    return { z: add(z, parameter("shift", [4])) };
  });
  // A product [m, k] × [k, n] takes 2·m·k·n operations.
  const fc = { name: "fc", shape: [2, 5], parameters: 15, flops: 60, children: [] };
  assert.deepEqual(tree, {
    name: "net",
    className: "Net",
    shape: [2, 4],
    parameters: 43,
    flops: 140,
    children: [{
      name: "blocks",
      parameters: 39,
      flops: 140,
      children: [
        { name: "0", shape: [2, 5], parameters: 15, flops: 60, children: [fc] },
        { name: "1", shape: [2, 4], parameters: 24, flops: 80, children: [] },
      ],
    }],
  });
});

Deno.test("the published Würstchen v2 has the published sizes", () => {
  const networks = inspectModel(wuerstchenV2, {
    prior: { height: 24, width: 24 },
    decoder: { height: 256, width: 256 },
  });
  const millions = Object.fromEntries(networks.map(({ name, parameters }) => [name, Math.round(parameters / 1e6)]));
  assert.equal(millions["prior_text_encoder"], 694);
  assert.equal(millions["decoder_text_encoder"], 354);
  assert.equal(millions["prior"], 0);
  const byName = new Map(networks.map((network) => [network.name, network]));
  // One run at batch 1, where DESIGN-sized measurements speak of 2.3 TFLOP a step with guidance.
  assert.equal(byName.get("prior")!.flops, 0);
  assert.deepEqual(byName.get("vqgan decode")!.shape, [1, 3, 1024, 1024]);
});
