import assert from "node:assert/strict";
import type { Device } from "./device.ts";
import { diagnose, diagnoseAll } from "./diagnose.ts";
import type { Machine } from "./read_machine.ts";

const bare: Machine = {
  os: "linux",
  arch: "x86_64",
  cpu: { model: "Xeon", cores: 2, features: [] },
  gpus: [],
  nvidiaDriver: undefined,
  vulkanDrivers: [],
  vulkanLoader: true,
  providers: {},
  libraries: "/ort",
};
const nvidia: Machine = { ...bare, gpus: [{ vendor: "NVIDIA", model: "NVIDIA A100" }], nvidiaDriver: "590.10" };
const needs = ["libcublasLt.so.13", "libcudnn.so.9", "libcudart.so.13"];
const installed: Machine = {
  ...nvidia,
  providers: { shared: { needs: [], missing: [] }, cuda: { needs, missing: [] } },
};
const installation = { providers: ["cpu", "webgpu", "cuda", "tensorrt"], version: "1.30.0" };

function assertLacks(device: Device, machine: Machine, { reason, step }: { reason: RegExp; step?: RegExp }): void {
  const found = diagnose(device, machine, installation);
  assert.equal(found.ready, false);
  assert.match(found.reason, reason);
  if (step === undefined) assert.equal(found.step, undefined);
  else assert.match(found.step ?? "", step);
}

Deno.test("CUDA is ready where card, driver and all libraries are there", () => {
  const found = diagnose("cuda", installed, installation);
  assert.deepEqual(found, { device: "cuda", ready: true, reason: "NVIDIA A100" });
});

Deno.test("what CUDA lacks is told one thing at a time, with the step that mends it", () => {
  assertLacks("cuda", bare, { reason: /^no NVIDIA GPU was found$/ });
  assertLacks("cuda", { ...nvidia, nvidiaDriver: undefined }, {
    reason: /no driver for it$/,
    step: /install NVIDIA's driver, version 580 or later/,
  });
  assertLacks("cuda", nvidia, {
    reason: /library for it is not installed/,
    step: /^run wuerstchen doctor --install cuda$/,
  });
  assertLacks("cuda", { ...installed, nvidiaDriver: "535.104.05" }, {
    reason: /^driver 535\.104\.05 is too old for CUDA 13$/,
    step: /version 580 or later/,
  });
  const missing = ["libcudnn.so.9", "libcublasLt.so.13"];
  assertLacks("cuda", { ...installed, providers: { ...installed.providers, cuda: { needs, missing } } }, {
    reason: /ask for libcudnn\.so\.9, libcublasLt\.so\.13, which/,
    step:
      /^run wuerstchen doctor --install cuda, or install the CUDA 13 toolkit and cuDNN 9 for CUDA 13, and name its folder in LD_LIBRARY_PATH/,
  });
});

Deno.test("an older driver does for a library that was built for an older CUDA", () => {
  const older = { needs: ["libcudart.so.12"], missing: [] };
  const machine = { ...installed, nvidiaDriver: "535.104.05", providers: { ...installed.providers, cuda: older } };
  assert.equal(diagnose("cuda", machine, installation).ready, true);
});

Deno.test("TensorRT asks for its own library", () => {
  assertLacks("tensorrt", installed, {
    reason: /is not installed/,
    step: /providers_tensorrt\.so of version 1\.30\.0 .*onnxruntime-gpu==1\.30\.0.* into \/ort$/,
  });
  const tensorrt = { needs, missing: ["libnvinfer.so.10"] };
  assertLacks("tensorrt", { ...installed, providers: { ...installed.providers, tensorrt } }, {
    reason: /libnvinfer\.so\.10/,
    step: /^install TensorRT for CUDA 13,/,
  });
});

Deno.test("WebGPU needs a Vulkan driver on Linux, and one that computes on the processor is called that", () => {
  assertLacks("webgpu", bare, { reason: /^no GPU was found$/ });
  const gpus = [{ vendor: "AMD" as const }];
  assertLacks("webgpu", { ...bare, gpus, vulkanDrivers: ["radeon.json"], vulkanLoader: false }, {
    reason: /does not find libvulkan\.so\.1$/,
    step: /libvulkan1/,
  });
  assertLacks("webgpu", { ...bare, gpus }, { reason: /no Vulkan driver/, step: /mesa-vulkan-drivers/ });
  const ready = (machine: Machine) => diagnose("webgpu", machine, installation);
  assert.equal(ready({ ...bare, gpus, vulkanDrivers: ["radeon.json"] }).reason, "AMD by Vulkan");
  assert.match(ready({ ...bare, gpus, vulkanDrivers: ["lvp_icd.json"] }).reason, /^the processor, slowly, by Vulkan/);
  assert.match(ready({ ...bare, vulkanDrivers: ["/x/vk_swiftshader_icd.json"] }).reason, /^the processor, slowly/);
});

Deno.test("devices of other systems, and those that the library was built without, are not to be had", () => {
  assertLacks("coreml", bare, { reason: /^only macOS has it$/ });
  assertLacks("dml", bare, { reason: /^only Windows has it$/ });
  const mac: Machine = { ...bare, os: "darwin", arch: "aarch64", gpus: [{ vendor: "Apple" }] };
  const onMac = { providers: ["cpu", "webgpu", "coreml"], version: "1.30.0" };
  assert.deepEqual(diagnoseAll(mac, onMac).filter(({ ready }) => ready).map(({ device }) => device), [
    "cpu",
    "webgpu",
    "coreml",
  ]);
  assert.equal(diagnose("cuda", mac, onMac).reason, "ONNX Runtime 1.30.0 for darwin aarch64 does not have it");
});
