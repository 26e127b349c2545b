/**
 * The bundled model by WebGPU in a real browser.
 */
import assert from "node:assert/strict";
import { assertAsNative, slowTest } from "./web_page.ts";
import { steps, visitByWebgpu, withBundledModel } from "./web_page_by_webgpu.ts";

Deno.test({
  ...slowTest("by WebGPU the page paints what the command line paints"),
  fn: () =>
    withBundledModel(async (model) => {
      const { runsOn, pngs } = await visitByWebgpu(model, { name: "webgpu_painted" });
      for (const words of runsOn) assert.equal(words, "Runs on WebGPU.");
      await assertAsNative(pngs, { model, steps });
    }),
});
