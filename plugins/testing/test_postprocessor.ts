import type { Plugin } from "../define.ts";
import { expect, makePart, type SuiteOptions, testPlugin } from "../testing.ts";
import type { PostprocessTools } from "../contracts/postprocessor.ts";
import { nativeRuntime } from "../../runtime/session.ts";
import { finish } from "./finish.ts";
import { testPicture } from "./test_picture.ts";

/**
 * Tests that a post-processor keeps its contract: a whole picture in bytes, and its input left alone. The tools that it is given open
 * models as in a run, and refine a picture by turning its colours round.
 */
export function testPostprocessor(plugin: Plugin<"postprocessor">, suite: SuiteOptions = {}): void {
  const { options, test = Deno.test } = suite;
  testPlugin(plugin, suite);
  const title = `post-processor ${plugin.name}`;
  test(`${title}: gives a whole picture for every number of channels and leaves its input alone`, async () => {
    const part = await makePart(plugin, { options, context: undefined });
    const { signal } = new AbortController();
    for (const channels of [1, 3, 4] as const) {
      const picture = testPicture({ channels });
      const before = picture.data.join();
      const request = { prompt: "a red apple", seed: 1, index: 0, signal };
      const result = await finish(part.process(picture, request, tools));
      expect(
        result?.data instanceof Uint8Array,
        "process() gives no picture: return { width, height, channels, data }",
      );
      const size = result.width * result.height * result.channels;
      expect(
        result.data.length === size,
        `process() gives ${result.data.length} bytes for ${result.width} × ${result.height} × ${result.channels}`,
      );
      expect(picture.data.join() === before, "process() changes the picture that it is given: write into a new array");
    }
    await part.dispose?.();
  });
}

const tools: PostprocessTools = {
  openModel: (model, options = {}) => nativeRuntime.createSession(model, { ...options, threads: 1 }),
  // deno-lint-ignore require-yield -- there are no steps to report in a test
  async *refine(picture) {
    return await Promise.resolve({ ...picture, data: picture.data.map((value) => 255 - value) });
  },
};
