/**
 * The tiny networks by WebGPU in a real browser, and a graphics card that is lost.
 */
import assert from "node:assert/strict";
import { assertAsNative, slowTest } from "./web_page.ts";
import { steps, visitByWebgpu, withTinyModel } from "./web_page_by_webgpu.ts";

Deno.test({
  ...slowTest(
    "the tiny networks paint by WebGPU what the command line paints, and as WebAssembly once the graphics card is lost",
  ),
  fn: () =>
    withTinyModel(async (model) => {
      const lost = `const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...options) {
          const device = await requestDevice.apply(this, options);
          let orders = 0;
          addEventListener("message", ({ data }) => data.type === "paint" && orders++ > 0 && device.destroy());
          return device;
        };`;
      const { runsOn: [first, second, third], pngs } = await visitByWebgpu(model, { count: 2, fault: lost });
      assert.deepEqual([first, second], ["Runs on WebGPU.", "Runs on WebGPU."]);
      assert.match(third!, /^Runs on WebAssembly, .*\(WebGPU failed \(/);
      await assertAsNative(pngs, { model, steps });
    }),
});
