import assert from "node:assert/strict";
import { input, traceScopes } from "../onnx/mod.ts";
import { compareModule, inside } from "../tests/module_case.ts";
import { compareCase, openCase, openNetwork } from "../tests/network_case.ts";
import { inputsLike } from "../tests/run_graph.ts";
import { mixingResidualBlock, paellaDecode, paellaEncode, paellaQuantize, paellaVqConfig } from "./paella_vq.ts";

Deno.test("mixingResidualBlock() is the reference's VQGAN block", async () => {
  await compareModule("mixing_residual_block", ({ x }) => ({ out: inside(x!, mixingResidualBlock) }));
});

Deno.test("paellaQuantize() finds the nearest row of the codebook", async () => {
  const config = paellaVqConfig.parse({ num_vq_embeddings: 40, latent_channels: 4 });
  await compareModule("vector_quantizer", ({ x }) => {
    const { quantized, codes } = paellaQuantize(config, x!);
    return { out: quantized, codes };
  }, { scope: "vquantizer." });
});

for (const size of ["b1_8x8", "b2_5x9"]) {
  Deno.test(`decoding, quantising and encoding equal the reference: ${size}`, async () => {
    const opened = await openCase(`vqgan_${size}`, paellaVqConfig);
    const { config } = opened;
    const { latents, image } = inputsLike(opened.inputs, { batch: "batch" });
    const { quantized, codes } = paellaQuantize(config, latents!);
    const encoded = paellaEncode(config, image!);
    const nearest = paellaQuantize(config, encoded);
    await compareCase(opened, {
      decoded: paellaDecode(config, latents!),
      codes,
      quantized,
      decoded_quantized: paellaDecode(config, quantized),
      encoded,
      encoded_codes: nearest.codes,
      reconstructed: paellaDecode(config, encoded),
      reconstructed_quantized: paellaDecode(config, nearest.quantized),
    });
  });
}

Deno.test("encoder, codebook and decoder together declare every tensor of the checkpoint", async () => {
  const { config, checkpoint } = await openNetwork("repo/wuerstchen/vqgan", paellaVqConfig);
  const { parameters } = traceScopes(() => {
    const latents = input("latents", "float32", ["batch", 4, 1, 1]);
    paellaDecode(config, latents);
    paellaQuantize(config, latents);
    paellaEncode(config, input("pixels", "float32", ["batch", 3, 4, 4]));
  });
  const stored = [...checkpoint.tensors.keys()].filter((key) => !key.endsWith("num_batches_tracked"));
  assert.deepEqual([...parameters.keys()].sort(), stored.sort());
});
