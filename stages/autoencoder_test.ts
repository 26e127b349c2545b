import assert from "node:assert/strict";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { openCase } from "../tests/network_case.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { AutoencoderStage } from "./autoencoder.ts";

async function open() {
  const { fixture, inputs, config, checkpoint } = await openCase("vqgan_b2_5x9", paellaVqConfig);
  const stage = new AutoencoderStage(config, checkpoint, { threads: 1, runtime: nativeRuntime });
  const pixels = inputs["image"] as Tensor<"float32">;
  const [height, width] = pixels.shape.slice(2) as [number, number];
  return { fixture, stage, pixels, height, width, scale: Math.fround(config.scale_factor) };
}

for (const quantize of [false, true]) {
  Deno.test(`encode() and decode() equal the reference's reconstruction: quantize ${quantize}`, async () => {
    const { fixture, stage, pixels, height, width, scale } = await open();
    await stage.encoder.load({ height, width, quantize });
    const latents = await stage.encode(pixels);
    await stage.encoder.release();
    if (!quantize) {
      const scaled = tensor("float32", latents.shape, latents.data.map((value) => value * scale));
      assertClose(scaled, fixture.tensor("encoded"), fixture.atol("encoded"), "encoded");
    }
    await stage.network.load({ height: height / 4, width: width / 4 });
    const decoded = await stage.decode(latents);
    await stage.network.release();
    const name = quantize ? "reconstructed_quantized" : "reconstructed";
    assertClose(decoded, fixture.tensor(name), 2 * fixture.atol(name), name);
  });
}

Deno.test("encode() needs its own session and not the decoder's", async () => {
  const { stage, pixels, height, width } = await open();
  await stage.network.load({ height: height / 4, width: width / 4 });
  await assert.rejects(() => stage.encode(pixels), /Expected the network to be loaded/);
  await stage.encoder.load({ height, width, quantize: false });
  await stage.release();
  await assert.rejects(() => stage.encode(pixels), /Expected the network to be loaded/);
});
