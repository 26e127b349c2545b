import assert from "node:assert/strict";
import type { Pixels } from "../../images/pixels.ts";
import { builtinRegistry } from "../builtin.ts";
import type { PostprocessTools } from "../contracts/postprocessor.ts";
import { finish } from "../testing/finish.ts";
import { testPicture } from "../testing/test_picture.ts";

const registry = builtinRegistry();
const request = { prompt: "a fox", seed: 7, index: 0, signal: new AbortController().signal };

async function run(name: string, options: Record<string, unknown>, picture: Pixels, tools = {}): Promise<Pixels> {
  const part = await registry.choose("postprocessor", { name, options }).create(undefined);
  return await finish(part.process(picture, request, tools as PostprocessTools));
}

const picture = testPicture({ channels: 3, width: 20, height: 10 });

Deno.test("resize takes a width, a height, both, or a factor", async () => {
  const sizes: [Record<string, unknown>, [number, number]][] = [
    [{ width: 10 }, [10, 5]],
    [{ height: 30, filter: "nearest" }, [60, 30]],
    [{ width: 3, height: 7 }, [3, 7]],
    [{ scale: 1.5, filter: "bicubic" }, [30, 15]],
    [{ scale: 0.01 }, [1, 1]],
  ];
  for (const [options, size] of sizes) {
    const { width, height, data } = await run("resize", options, picture);
    assert.deepEqual([width, height], size);
    assert.equal(data.length, width * height * 3);
  }
  for (const options of [{}, { scale: 2, width: 3 }]) {
    assert.throws(() => registry.choose("postprocessor", { name: "resize", options }), {
      name: "ConfigError",
      message: "post-processor resize: Expected width, height or both, or scale alone",
    });
  }
});

Deno.test("format changes channels, and says how the picture wants to be stored", async () => {
  const clear = testPicture({ channels: 4 });
  assert.equal((await run("format", { channels: "rgb" }, clear)).channels, 3);
  assert.equal((await run("format", { channels: "rgba" }, picture)).channels, 4);
  const grey = await run("format", { channels: "grey" }, {
    width: 3,
    height: 1,
    channels: 3,
    data: Uint8Array.of(255, 0, 0, 0, 255, 0, 255, 255, 255),
  });
  // Pillow's Image.convert("L").
  assert.deepEqual([grey.channels, ...grey.data], [1, 76, 150, 255]);
  const same = await run("format", { type: "jpg" }, picture);
  assert.deepEqual(same, picture);
  assert.notEqual(same.data, picture.data);
  const part = await registry.choose("postprocessor", { name: "format", options: { type: "webp", quality: 70 } })
    .create(undefined);
  assert.deepEqual(part.encoding, { format: "webp", quality: 70 });
});

Deno.test("refine paints the picture again as often as it is told, each pass with another seed", async () => {
  const calls: unknown[] = [];
  const tools = {
    // deno-lint-ignore require-yield -- there are no steps to report in a test
    async *refine(before: Pixels, options: unknown) {
      calls.push(options);
      return await Promise.resolve({ ...before, data: before.data.map((value) => value + 1) });
    },
  };
  const refined = await run("refine", { strength: 0.5, passes: 2 }, picture, tools);
  assert.deepEqual(refined.data, picture.data.map((value) => value + 2));
  assert.deepEqual(calls, [{ strength: 0.5, priorStrength: 0, seed: 8 }, { strength: 0.5, priorStrength: 0, seed: 9 }]);
});
