import assert from "node:assert/strict";
import { PluginError } from "../errors.ts";
import { psnr } from "../images/psnr.ts";
import { builtinRegistry } from "../plugins/builtin.ts";
import type { Runtime, RuntimeSession } from "../plugins/contracts/parts.ts";
import { defineRuntime } from "../plugins/define.ts";
import type { Registry } from "../plugins/registry.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { wasmRuntime } from "../runtime/wasm_runtime.ts";
import { tensor } from "../tensor/tensor.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { quick, tinyModel } from "../tests/tiny_model.ts";
import { readPictureMetadata } from "./metadata.ts";
import { loadPipeline } from "./pipeline.ts";

/** ONNX Runtime under another name, counting its sessions, and changing what they give. */
function counted(
  change: RuntimeSession["run"] = (outputs) => Promise.resolve(outputs),
  { hasFloat64 }: Pick<Runtime, "hasFloat64"> = {},
) {
  const counts = { made: 0, released: 0, sines: 0 };
  const createSession: Runtime["createSession"] = async (model, options) => {
    const session = await nativeRuntime.createSession(model, options);
    counts.made++;
    if (new TextDecoder("latin1").decode(model).includes("Sin")) counts.sines++;
    return {
      inputs: session.inputs,
      run: async (inputs) => await change(await session.run(inputs)),
      release: async () => {
        counts.released++;
        await session.release();
      },
    };
  };
  const registry: Registry = builtinRegistry();
  const create = () => ({ version: () => Promise.resolve("9"), hasFloat64, createSession });
  registry.add(defineRuntime({ name: "counted", summary: "for tests", create }), { source: "test" });
  return { registry, counts };
}

Deno.test("every network runs on the runtime that is named, and the picture says so", async () => {
  const { registry, counts } = counted();
  const usual = await loadPipeline(tinyModel, { threads: 1 });
  const wanted = await usual.generate({ ...quick, prompt: "a fox", seed: 1 });
  await using pipeline = await loadPipeline(tinyModel, { threads: 1, registry, runtime: "counted" });
  const { images } = await pipeline.generate({ ...quick, prompt: "a fox", seed: 1 });
  assert.equal(counts.made, counts.released);
  // Both text encoders, Stages C, B and A.
  assert(counts.made >= 5, `${counts.made} sessions`);
  assert.deepEqual(images[0]!.data, wanted.images[0]!.data);
  assert.equal(readPictureMetadata(await images[0]!.png()).runtime, "counted 9");
  const usualMetadata = readPictureMetadata(await wanted.images[0]!.png());
  assert.equal(usualMetadata.runtime, await nativeRuntime.version());
  const { warnings } = await pipeline.generate({ prompt: "a fox", repeats: usualMetadata });
  assert.match(warnings.join("\n"), /painted by the runtime 1\..*, this is counted 9: pixels may differ/);
});

Deno.test("a runtime that says it has no 64-bit floats is given none, and paints the same to rounding", async () => {
  const pictures: Uint8Array[] = [];
  for (const hasFloat64 of [undefined, false]) {
    const { registry, counts } = counted(undefined, { hasFloat64 });
    await using pipeline = await loadPipeline(tinyModel, { threads: 1, registry, runtime: "counted" });
    const { images } = await pipeline.generate({ ...quick, prompt: "a fox", seed: 1 });
    pictures.push(images[0]!.data);
    // Stages C and B take sines of timesteps.
    assert.equal(counts.sines, hasFloat64 === false ? 0 : 2);
  }
  assert.ok(psnr(pictures[0]!, pictures[1]!, { peak: 255 }) > 40);
});

Deno.test("a runtime that throws or gives no tensors is named, and an unknown one refused", async () => {
  const cases: [RuntimeSession["run"], RegExp][] = [
    [() => Promise.reject(new Error("no such kernel")), /^runtime counted: no such kernel$/],
    [() => Promise.resolve(undefined as never), /^runtime counted: Expected run\(\) to return an object of tensors$/],
    [
      () => Promise.resolve({ states: { ...tensor("float32", [2]), shape: [3] } }),
      /^runtime counted: Expected run\(\) to return a whole tensor as "states"$/,
    ],
  ];
  for (const [change, message] of cases) {
    const { registry } = counted(change);
    await using pipeline = await loadPipeline(tinyModel, { threads: 1, registry, runtime: "counted" });
    await assert.rejects(
      async () => await pipeline.generate({ ...quick, prompt: "a fox" }),
      (error) => error instanceof PluginError && message.test(error.message),
    );
  }
  await assert.rejects(() => loadPipeline(tinyModel, { runtime: "count" }), /Expected a runtime that is known/);
});

Deno.test("a reconstruction says what ran its networks", async () => {
  await inTempFolder(async (folder) => {
    const { registry } = counted();
    await copyCompressorModel(folder);
    await using pipeline = await loadPipeline(folder, { threads: 1, registry, runtime: "counted" });
    const { pictures } = await pipeline.reconstruct(tensor("float32", [1, 3, 64, 64]), { decoderSteps: 1 });
    assert.equal(readPictureMetadata(await pictures[0]!.encode("png")).runtime, "counted 9");
  });
});

Deno.test("WebAssembly paints what the native runtime paints, and says so", async () => {
  const paint = async (runtime: string) => {
    await using pipeline = await loadPipeline(tinyModel, { threads: 1, runtime });
    const { images: [image] } = await pipeline.generate({ ...quick, prompt: "a fox", seed: 1 });
    return image!;
  };
  const [native, wasm] = [await paint("onnxruntime"), await paint("wasm")];
  const off = wasm.data.map((value, i) => Math.abs(value - native.data[i]!));
  assert(Math.max(...off) <= 1, `off by ${Math.max(...off)} of 255`);
  assert.match(readPictureMetadata(await wasm.png()).runtime, /^wasm 1\.\d+/);
});

Deno.test("WebAssembly is refused on a device", async () => {
  const session = wasmRuntime.createSession(new Uint8Array(), { device: "cuda" });
  await assert.rejects(session, { name: "ConfigError", message: /^Cannot run on cuda: WebAssembly/ });
});
