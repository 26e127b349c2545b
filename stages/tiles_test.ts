import assert from "node:assert/strict";
import { paellaVqConfig } from "../networks/paella_vq.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { openCase } from "../tests/network_case.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { AutoencoderStage } from "./autoencoder.ts";
import { cutSide, cutTiles, decodeInTiles } from "./tiles.ts";

Deno.test("cutSide() keeps each cell once, from windows of one length that fit the side", () => {
  for (const [size, most, reach] of [[100, 40, 13], [256, 64, 13], [65, 64, 13], [30, 7, 3], [9, 3, 1]] as const) {
    const { length, windows } = cutSide(size, { most, reach });
    assert.ok(length <= most);
    let next = 0;
    for (const { start, from, to } of windows) {
      assert.equal(from, next);
      assert.ok(start >= 0 && start + length <= size);
      assert.ok(from === 0 || from - start >= reach, "what the cut changes on the left is thrown away");
      assert.ok(to === size || start + length - to >= reach, "and on the right");
      next = to;
    }
    assert.equal(next, size);
  }
  assert.deepEqual(cutSide(64, { most: 64, reach: 13 }).windows, [{ start: 0, from: 0, to: 64 }]);
  assert.throws(() => cutSide(64, { most: 26, reach: 13 }), RangeError);
});

Deno.test("cutSide() takes windows no longer than their number needs", () => {
  assert.deepEqual(cutSide(65, { most: 64, reach: 13 }), {
    length: 46,
    windows: [{ start: 0, from: 0, to: 33 }, { start: 19, from: 33, to: 65 }],
  });
});

/** Stage A of the fixtures, and latents to decode. */
async function open() {
  const { config, checkpoint } = await openCase("vqgan_b2_5x9", paellaVqConfig);
  const stage = new AutoencoderStage(config, checkpoint, { threads: 1, runtime: nativeRuntime });
  const [height, width] = [21, 17];
  const latents = tensor("float32", [1, config.latent_channels, height, width]);
  latents.data.forEach((_, i) => latents.data[i] = Math.sin(1.7 * i) + Math.cos(0.031 * i * i));
  await stage.network.load({ height, width });
  const whole = await stage.decode(latents);
  const decodeTiled = async (reach: number) => {
    const tiles = cutTiles({ height, width }, { most: 2 * stage.reach + 2, reach });
    await stage.network.load({ height: tiles.height, width: tiles.width });
    const decode = (window: Tensor<"float32">) => stage.decode(window);
    const decoded = await decodeInTiles(latents, tiles, { decode, scale: stage.pixelsPerLatent });
    return { tiles, decoded };
  };
  return { stage, whole, decodeTiled };
}

function farthest(one: Tensor<"float32">, other: Tensor<"float32">): number {
  assert.deepEqual(one.shape, other.shape);
  return one.data.reduce((most, value, i) => Math.max(most, Math.abs(value - other.data[i]!)), 0);
}

Deno.test("Stage A decodes a picture in tiles to the pixels of the whole, to rounding", async () => {
  const { stage, whole, decodeTiled } = await open();
  const { tiles, decoded } = await decodeTiled(stage.reach);
  assert.ok(tiles.rows.length >= 3 && tiles.columns.length >= 3, "some tiles touch no border");
  const largest = whole.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(farthest(whole, decoded) <= 2e-6 * largest, `${farthest(whole, decoded)} of ${largest}`);
  await stage.release();
});

Deno.test("the halo is no wider than it has to be: with a cell less the pixels are others", async () => {
  const { stage, whole, decodeTiled } = await open();
  const { decoded } = await decodeTiled(stage.reach - 1);
  assert.ok(farthest(whole, decoded) > 1e-5);
  await stage.release();
});
