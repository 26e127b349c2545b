import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { neededLibraries } from "./needed_libraries.ts";
import { thisSystem } from "./system.ts";

const addon = "../bin/napi-v6/linux/x64/onnxruntime_binding.node";
const path = fileURLToPath(new URL(addon, import.meta.resolve("onnxruntime-node")));

Deno.test("the addon of ONNX Runtime asks for its library, as readelf -d says", async () => {
  const names = await neededLibraries(async (offset, length) => {
    return await thisSystem.read(path, { offset, length }) ?? assert.fail();
  });
  assert.deepEqual(names, ["libonnxruntime.so.1", "libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6"]);
});

Deno.test("what is no library, or is cut short, asks for none", async () => {
  const whole = await Deno.readFile(path);
  const reading = (bytes: Uint8Array) => (offset: number, length: number) => {
    return Promise.resolve(bytes.subarray(offset, offset + length));
  };
  for (const bytes of [new Uint8Array(), new TextEncoder().encode("x".repeat(100)), whole.subarray(0, 100)]) {
    assert.deepEqual(await neededLibraries(reading(bytes)), []);
  }
});
