/**
 * Graphics cards in a real browser that are of no use.
 */
import assert from "node:assert/strict";
import { assertAsNative, slowTest } from "./web_page.ts";
import { steps, visitByWebgpu, withTinyModel } from "./web_page_by_webgpu.ts";

/** What can be wrong with a graphics card from the start, and what the page says then. */
const faults: Readonly<Record<string, { fault: string; said: RegExp }>> = {
  "computes other numbers": {
    fault: `const { createShaderModule } = GPUDevice.prototype;
      GPUDevice.prototype.createShaderModule = function ({ code, ...more }) {
        return createShaderModule.call(this, { ...more, code: code.replace(/fn main\\([^{]*\\{/, "$& return;") });
      };`,
    said: /^Runs on WebAssembly, .*\(WebGPU computes other numbers than the processor here/,
  },
  "cannot be had": {
    fault: `GPUAdapter.prototype.requestDevice = () => Promise.reject(new Error("no more devices"));`,
    said: /^Runs on WebAssembly, .*\(WebGPU failed \(no more devices\)/,
  },
};

for (const [what, { fault, said }] of Object.entries(faults)) {
  Deno.test({
    ...slowTest(`a graphics card that ${what} gives way to WebAssembly, and the page says why`),
    fn: () =>
      withTinyModel(async (model) => {
        const { runsOn, pngs } = await visitByWebgpu(model, { fault });
        for (const words of runsOn) assert.match(words, said);
        await assertAsNative(pngs, { model, steps });
      }),
  });
}
