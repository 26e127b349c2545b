import assert from "node:assert/strict";
import { join } from "node:path";
import type { Pixels } from "../../images/pixels.ts";
import { nativeRuntime } from "../../runtime/session.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { tinyUpscaler, type TinyUpscalerOptions } from "../../tests/tiny_upscaler.ts";
import golden from "../../tests/fixtures/upscale/golden.json" with { type: "json" };
import type { PostprocessTools } from "../contracts/postprocessor.ts";
import { finish } from "../testing/finish.ts";
import { testPicture } from "../testing/test_picture.ts";
import upscale from "./upscale.ts";

/** Enlarges a picture by a tiny model. */
async function enlarge(
  picture: Pixels,
  options: { tile?: number; overlap?: number; model?: TinyUpscalerOptions } = {},
): Promise<Pixels & { released: number }> {
  let released = 0;
  const tools = {
    openModel: async (bytes: Uint8Array) => {
      const session = await nativeRuntime.createSession(bytes, { threads: 1 });
      return {
        inputs: session.inputs,
        run: (x: never) => session.run(x),
        release: () => session.release().then(() => void released++),
      };
    },
  } as unknown as PostprocessTools;
  let enlarged: Pixels | undefined;
  await inTempFolder(async (folder) => {
    const { model, ...tiles } = options;
    const file = join(folder, "model.onnx");
    await Deno.writeFile(file, tinyUpscaler(model));
    const part = await upscale.create(
      upscale.options!.parse({ model: file, tile: 8, overlap: 4, ...tiles }),
      undefined,
    );
    const request = { prompt: "", seed: 0, index: 0, signal: new AbortController().signal };
    try {
      enlarged = await finish(part.process(picture, request, tools));
    } finally {
      await part.dispose!();
    }
  });
  return { ...enlarged!, released };
}

const picture = testPicture({ channels: 3, width: 12, height: 10 });

Deno.test("upscale gives what PyTorch computes of the whole picture, in tiles and in one piece", async () => {
  for (const tiles of [{}, { tile: 64 }]) {
    const { width, height, channels, data, released } = await enlarge(picture, tiles);
    assert.deepEqual([width, height, channels, released], [24, 20, 3, 1]);
    const off = data.map((value, i) => Math.abs(value - golden.data[i]!));
    assert(Math.max(...off) <= 1, `${Math.max(...off)}`);
    assert(off.filter((value) => value > 0).length <= 2);
  }
});

Deno.test("upscale keeps grey and alpha, and takes models of one channel", async () => {
  const grey = await enlarge(testPicture({ channels: 1, width: 12, height: 10 }));
  assert.deepEqual([grey.width, grey.channels, grey.data.length], [24, 1, 480]);
  const rgba: Pixels = { ...picture, channels: 4, data: new Uint8Array(480) };
  picture.data.forEach((value, i) => rgba.data[4 * Math.floor(i / 3) + i % 3] = value);
  const clear = await enlarge(rgba);
  assert(clear.data.every((value, i) => i % 4 !== 3 || value === 0));
  assert.deepEqual(clear.data.filter((_, i) => i % 4 !== 3), (await enlarge(picture)).data);
  const alone = await enlarge(picture, { model: { channels: 1 } });
  const red = { ...picture, channels: 1 as const, data: picture.data.filter((_, i) => i % 3 === 0) };
  assert.deepEqual(alone.data.filter((_, i) => i % 3 === 0), (await enlarge(red, { model: { channels: 1 } })).data);
});

Deno.test("upscale takes tiles of the size that a model is fixed to", async () => {
  const fixed = await enlarge(picture, { tile: 16, model: { side: 8 } });
  assert.deepEqual(fixed.data, (await enlarge(picture)).data);
  await assert.rejects(
    () => enlarge(picture, { model: { side: 11 } }),
    /takes 11x11 pixels but the picture has 12x10$/,
  );
});

Deno.test("upscale refuses what is no model of pictures, NaN, and tiles that are all overlap", async () => {
  await assert.rejects(
    () => enlarge(picture, { model: { channels: 2 } }),
    /Expected one float32 input .* found float32 \[batch, 2,/,
  );
  await assert.rejects(
    () => enlarge(picture, { model: { factor: NaN } }),
    /model\.onnx: Expected finite numbers but found NaN$/,
  );
  await assert.rejects(
    () => enlarge(picture, { overlap: 8 }),
    /"overlap": Expected less than the 8 of a tile but found 8$/,
  );
  const part = await upscale.create(upscale.options!.parse({ model: "none.onnx" }), undefined);
  const request = { prompt: "", seed: 0, index: 0, signal: new AbortController().signal };
  await assert.rejects(
    () => finish(part.process(picture, request, {} as PostprocessTools)),
    /post-processor upscale: "model": Expected an \.onnx file but there is no none\.onnx$/,
  );
});
