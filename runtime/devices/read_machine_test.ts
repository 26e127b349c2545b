import assert from "node:assert/strict";
import { readMachine } from "./read_machine.ts";
import type { System } from "./system.ts";

/** A system out of files; folders are what their paths imply. */
function systemOf(files: Readonly<Record<string, string>>, rest: Partial<System> = {}): System {
  return {
    os: "linux",
    arch: "x86_64",
    read: (path) => Promise.resolve(files[path] === undefined ? undefined : new TextEncoder().encode(files[path])),
    list: (path) => {
      const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return Promise.resolve([...new Set(inside.map((file) => file.slice(path.length + 1).split("/")[0]!))]);
    },
    environment: () => Promise.resolve(undefined),
    ...rest,
  };
}

const libraries = "/ort";
const read = (system: System) => readMachine({ libraries, system });

Deno.test("an NVIDIA machine says its card, its driver and which libraries are there", async () => {
  const machine = await read(systemOf({
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu avx2 fma avx512f\n",
    "/proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19\n",
    "/proc/driver/nvidia/gpus/0000:65:00.0/information": "Model: \t\t NVIDIA A100\nIRQ: 12\n",
    "/sys/bus/pci/devices/0000:65:00.0/class": "0x030200\n",
    "/sys/bus/pci/devices/0000:65:00.0/vendor": "0x10de\n",
    "/usr/share/vulkan/icd.d/nvidia_icd.json": "{}",
    "/ort/libonnxruntime_providers_shared.so": "no ELF",
  }));
  assert.deepEqual(machine.cpu, {
    model: "Xeon",
    cores: navigator.hardwareConcurrency,
    features: ["avx2", "fma", "avx512f"],
  });
  assert.deepEqual(machine.gpus, [{ vendor: "NVIDIA", model: "NVIDIA A100" }]);
  assert.equal(machine.nvidiaDriver, "535.104.05");
  assert.deepEqual(machine.vulkanDrivers, ["nvidia_icd.json"]);
  assert.deepEqual(machine.providers, { shared: { needs: [], missing: [] } });
});

Deno.test("a card without a driver is known by the bus, and what draws nothing is no card", async () => {
  const machine = await read(systemOf({
    "/sys/bus/pci/devices/a/class": "0x030000",
    "/sys/bus/pci/devices/a/vendor": "0x10de",
    "/sys/bus/pci/devices/b/class": "0x030000",
    "/sys/bus/pci/devices/b/vendor": "0x1002",
    "/sys/bus/pci/devices/c/class": "0x020000",
    "/sys/bus/pci/devices/c/vendor": "0x8086",
    "/sys/bus/pci/devices/d/class": "0x030000",
    "/sys/bus/pci/devices/d/vendor": "0x1af4",
  }));
  assert.deepEqual(machine.gpus, [{ vendor: "NVIDIA" }, { vendor: "AMD" }]);
  assert.equal(machine.nvidiaDriver, undefined);
});

Deno.test("under WSL the driver of Windows is seen by its library", async () => {
  const machine = await read(systemOf({ "/usr/lib/wsl/lib/libcuda.so.1": "" }));
  assert.deepEqual([machine.gpus, machine.nvidiaDriver], [[{ vendor: "NVIDIA" }], ""]);
});

Deno.test("Vulkan drivers that the environment names replace those of the system", async () => {
  const files = { "/usr/share/vulkan/icd.d/radeon.json": "{}" };
  const environment = (name: string) => {
    return Promise.resolve(name === "VK_ICD_FILENAMES" ? "/x/vk_swiftshader_icd.json" : undefined);
  };
  assert.deepEqual((await read(systemOf(files, { environment }))).vulkanDrivers, ["/x/vk_swiftshader_icd.json"]);
});

Deno.test("a system that says nothing has nothing, and nothing fails", async () => {
  const machine = await read(systemOf({}, { os: "freebsd" }));
  assert.deepEqual([machine.gpus, machine.cpu.features, machine.providers], [[], undefined, {}]);
  assert.deepEqual((await read(systemOf({}, { os: "darwin", arch: "aarch64" }))).gpus, [{ vendor: "Apple" }]);
});
