import assert from "node:assert/strict";
import { add, gemm, input, parameter, scope } from "../onnx/mod.ts";
import { previewDecoderConfig } from "../networks/preview_decoder.ts";
import { compressorConfig } from "../networks/compressor.ts";
import { inspectModel, inspectNetwork, type ScopeTree } from "./inspect.ts";
import { type ModelConfigs, wuerstchenV2 } from "./published_configs.ts";

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
    nodes: 3,
    activationBytes: 288,
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

Deno.test("a model's preview decoder and compressor are listed where it has them", () => {
  const sizes = { prior: { height: 3, width: 2 }, decoder: { height: 16, width: 16 } };
  const namesOf = (configs: ModelConfigs) => inspectModel(configs, sizes).map(({ name }) => name);
  const config = previewDecoderConfig.parse({ c_in: 16, c_hidden: 8 });
  assert.deepEqual(namesOf(wuerstchenV2).includes("preview"), false);
  assert.equal(namesOf({ ...wuerstchenV2, preview: config }).at(-1), "preview");
  const preview = inspectModel({ ...wuerstchenV2, preview: config }, sizes).at(-1)!;
  assert.deepEqual([preview.className, preview.shape], ["Previewer", [1, 3, 24, 16]]);
  assert.ok(preview.parameters > 0 && preview.flops > 0);
});

Deno.test("the published Würstchen v2 has the parameters and operations that torch counts", () => {
  const networks = inspectModel(wuerstchenV2, {
    prior: { height: 24, width: 24 },
    decoder: { height: 256, width: 256 },
  });
  const counted = Object.fromEntries(networks.map(({ name, parameters }) => [name, parameters]));
  // diffusers 0.39 and transformers 4.57 on the meta device; Stage A's 18,406,894 and the 8 statistics of its BatchNorm.
  assert.deepEqual(counted, {
    prior_text_encoder: 693_021_440,
    prior: 993_636_896,
    decoder_text_encoder: 352_984_064,
    decoder: 1_055_365_280,
    "vqgan decode": 15_706_842,
    "vqgan encode": 2_667_292,
    "vqgan quantise": 32_768,
  });
  const flops = new Map(networks.map((network) => [network.name, network.flops]));
  // torch.utils.flop_counter
  assert.equal(flops.get("prior"), 1_153_779_892_224);
  assert.equal(flops.get("vqgan decode"), 2_172_414_590_976);
  // Ours resamples the embedding by matrix products, which torch's counter does not see in its interpolation.
  const resampling = flops.get("decoder")! - 2_857_868_328_960;
  assert.ok(resampling > 0 && resampling < 2e7, `${resampling} operations`);
});

Deno.test("a text encoder with projection shows it, with its parameters and operations", () => {
  const sizes = { prior: { height: 2, width: 3 }, decoder: { height: 16, width: 32 } };
  const { priorText } = wuerstchenV2;
  const [plain] = inspectModel(wuerstchenV2, sizes);
  const architectures = ["CLIPTextModelWithProjection"];
  const [projected] = inspectModel(
    { ...wuerstchenV2, priorText: { ...priorText, architectures, projection_dim: 1280 } },
    sizes,
  );
  assert.equal(projected!.className, architectures[0]);
  const projection = projected!.children.find(({ name }) => name === "text_projection");
  assert.deepEqual([projection?.parameters, projection?.flops], [1280 * 1280, 2 * 1280 * 1280]);
  // transformers 4.57 on the meta device: CLIPTextModelWithProjection of these sizes.
  assert.equal(projected!.parameters, 694_659_840);
  assert.equal(projected!.parameters - plain!.parameters, 1280 * 1280);
  assert.deepEqual(projected!.shape, plain!.shape);
});

Deno.test("every part below a network adds up to no more than the network", () => {
  const networks = inspectModel(wuerstchenV2, { prior: { height: 2, width: 3 }, decoder: { height: 16, width: 32 } });
  const check = (tree: ScopeTree) => {
    for (const key of ["parameters", "flops"] as const) {
      assert.ok(tree.children.reduce((sum, child) => sum + child[key], 0) <= tree[key], `${tree.name}: ${key}`);
    }
    tree.children.forEach(check);
  };
  networks.forEach(check);
  assert.deepEqual(networks.map(({ shape }) => shape), [
    [1, 77, 1280],
    [1, 16, 2, 3],
    [1, 77, 1024],
    [1, 4, 16, 32],
    [1, 3, 64, 128],
    [1, 4, 16, 32],
    [1, 4, 16, 32],
  ]);
});

Deno.test("a model's compressor is shown behind its other networks, with its statistics", () => {
  const compressor = compressorConfig.parse({ _class_name: "EfficientNetEncoder" });
  const sizes = { prior: { height: 2, width: 3 }, decoder: { height: 16, width: 32 } };
  const networks = inspectModel({ ...wuerstchenV2, compressor }, sizes);
  const { name, className, shape, parameters } = networks.at(-1)!;
  assert.deepEqual([name, className, shape], ["compressor", "EfficientNetEncoder", [1, 16, 2, 3]]);
  // torchvision: 21,458,488 less the classifier's 1,281,000, and as many statistics as its norms have weights and biases.
  const norms = 153_872;
  assert.equal(parameters, 21_458_488 - 1_281_000 + norms + (1280 * 16 + 4 * 16));
  assert.equal(networks.length, inspectModel(wuerstchenV2, sizes).length + 1);
});
