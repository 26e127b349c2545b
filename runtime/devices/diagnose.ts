/**
 * Which devices of a machine networks can run on, and what the others lack: from what was found alone, so that every answer can be tried.
 * @module
 */
import { type Device, deviceNames } from "./device.ts";
import type { Machine } from "./read_machine.ts";

/** What is known of a device. */
export interface Diagnosis {
  readonly device: Device;
  /** Everything that it needs was found. */
  readonly ready: boolean;
  /** What it runs on, or what is missing. */
  readonly reason: string;
  /** What enables it; left out where it is ready, and where nothing can. */
  readonly step?: string;
}

/** Least driver of NVIDIA by the version of CUDA (https://docs.nvidia.com/deploy/cuda-compatibility/). */
const leastDriver: Readonly<Record<string, number>> = { "11": 450, "12": 525, "13": 580 };

/** Says of every device whether it is ready. */
export function diagnoseAll(
  machine: Machine,
  options: { providers: readonly string[]; version: string },
): Diagnosis[] {
  return deviceNames.filter((name) => name !== "auto").map((device) => diagnose(device, machine, options));
}

/**
 * Says whether a device is ready, and if not, what is missing first and the step that enables it.
 *
 * @param options.providers names of the execution providers that the installed ONNX Runtime offers
 * @param options.version of the installed ONNX Runtime
 */
export function diagnose(
  device: Device,
  machine: Machine,
  { providers, version }: { providers: readonly string[]; version: string },
): Diagnosis {
  const systems = { coreml: ["darwin", "macOS"], dml: ["windows", "Windows"] } as const;
  if (device === "cpu") return { device, ready: true, reason: machine.cpu.model ?? machine.arch };
  if (device === "coreml" || device === "dml") {
    const [os, name] = systems[device];
    if (machine.os !== os) return { device, ready: false, reason: `only ${name} has it` };
  }
  if (!providers.includes(device)) {
    return {
      device,
      ready: false,
      reason: `ONNX Runtime ${version} for ${machine.os} ${machine.arch} does not have it`,
    };
  }
  if (device === "cuda" || device === "tensorrt") return diagnoseNvidia(device, machine, { version });
  if (device === "webgpu" && machine.os === "linux") return diagnoseVulkan(machine);
  return { device, ready: true, reason: machine.gpus.map(({ vendor }) => vendor).join(", ") || "the system's own" };
}

function diagnoseNvidia(
  device: "cuda" | "tensorrt",
  { gpus, nvidiaDriver, providers, libraries, os, arch }: Machine,
  { version }: { version: string },
): Diagnosis {
  const lacks = (reason: string, step?: string): Diagnosis => {
    return { device, ready: false, reason, ...(step === undefined ? {} : { step }) };
  };
  const gpu = gpus.find(({ vendor }) => vendor === "NVIDIA");
  if (gpu === undefined && os === "linux") return lacks("no NVIDIA GPU was found");
  if (nvidiaDriver === undefined && os === "linux") {
    return lacks("there is an NVIDIA GPU and no driver for it", "install NVIDIA's driver, version 580 or later");
  }
  const library = providers[device];
  const machineHasPackages = os === "linux" && arch === "x86_64";
  if (os === "linux") {
    if (library === undefined || providers["shared"] === undefined) {
      const files = `libonnxruntime_providers_shared.so and libonnxruntime_providers_${device}.so`;
      return lacks(
        `ONNX Runtime's library for it is not installed`,
        device === "cuda" && machineHasPackages
          ? fetch
          : `take ${files} of version ${version} out of the Python package onnxruntime-gpu==${version} and put them into ${libraries}`,
      );
    }
    const cuda = cudaOf(library.needs);
    const least = leastDriver[cuda ?? ""];
    // The driver's own library comes with the driver.
    const driver = Number.parseFloat(nvidiaDriver ?? "");
    if (least !== undefined && driver < least) {
      return lacks(
        `driver ${nvidiaDriver} is too old for CUDA ${cuda}`,
        `install NVIDIA's driver, version ${least} or later`,
      );
    }
    if (library.missing.length > 0) {
      return lacks(
        `its libraries ask for ${library.missing.join(", ")}, which the system's loader does not find`,
        device === "cuda" && machineHasPackages
          ? `${fetch}, or ${stepFor(library.missing, cuda)}`
          : stepFor(library.missing, cuda),
      );
    }
  }
  return { device, ready: true, reason: gpu?.model ?? "NVIDIA" };
}

/** Major version of CUDA that a provider's library was built for. */
function cudaOf(needs: readonly string[]): string | undefined {
  const [, version] = /libcudart\.so\.(\d+)|$/.exec(needs.find((name) => name.startsWith("libcudart")) ?? "") ?? [];
  // cuBLAS has CUDA's number too, where the runtime is linked in.
  return version ?? /\.so\.(\d+)$/.exec(needs.find((name) => name.startsWith("libcublas")) ?? "")?.[1];
}

/** What does all of it for CUDA. */
const fetch = "run wuerstchen doctor --install cuda";

function stepFor(missing: readonly string[], cuda = "13"): string {
  const parts = [
    ...(missing.some((name) => /^lib(cu(?!dnn)|nv(?!infer))/.test(name)) ? [`the CUDA ${cuda} toolkit`] : []),
    ...(missing.some((name) => name.startsWith("libcudnn")) ? [`cuDNN 9 for CUDA ${cuda}`] : []),
    ...(missing.some((name) => /^libnv(infer|onnxparser)/.test(name)) ? [`TensorRT for CUDA ${cuda}`] : []),
  ];
  const what = parts.join(" and ") || "what has them";
  return `install ${what}, and name its folder in LD_LIBRARY_PATH if it is not in /etc/ld.so.conf`;
}

/** Drivers that compute on the processor, and are no faster than it. */
const software = /lvp|llvmpipe|swiftshader/i;

function diagnoseVulkan({ gpus, vulkanDrivers, vulkanLoader }: Machine): Diagnosis {
  const device = "webgpu";
  if (!vulkanLoader && (gpus.length > 0 || vulkanDrivers.length > 0)) {
    return {
      device,
      ready: false,
      reason: "the system's loader does not find libvulkan.so.1",
      step: "install Vulkan's loader (Debian: libvulkan1)",
    };
  }
  const real = vulkanDrivers.filter((name) => !software.test(name));
  if (real.length > 0 && gpus.length > 0) {
    return { device, ready: true, reason: `${gpus.map(({ vendor }) => vendor).join(", ")} by Vulkan` };
  }
  const [first] = vulkanDrivers;
  if (first !== undefined) {
    // Virtual machines have cards of makers that are not known here.
    const reason = real.length > 0 ? `Vulkan (${real[0]})` : `the processor, slowly, by Vulkan in software (${first})`;
    return { device, ready: true, reason };
  }
  if (gpus.length === 0) return { device, ready: false, reason: "no GPU was found" };
  return {
    device,
    ready: false,
    reason: "there is a GPU and no Vulkan driver for it",
    step:
      "install the driver's Vulkan part (Debian: mesa-vulkan-drivers for AMD and Intel; NVIDIA's driver brings its own)",
  };
}
