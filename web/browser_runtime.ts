/**
 * ONNX Runtime in a browser: on WebGPU where there is one, else as WebAssembly alone.
 * @module
 */
import { ResourceError } from "../errors.ts";
import type { OpenRuntime } from "../plugins/open_runtime.ts";
import { webRuntime } from "../runtime/web_runtime.ts";

/** What runs networks. */
export type BrowserDevice = "webgpu" | "wasm";

/** The names of the package's files by what they run on. */
export const libraries: Readonly<Record<BrowserDevice, string>> = {
  webgpu: "ort-wasm-simd-threaded.asyncify",
  wasm: "ort-wasm-simd-threaded",
};

/** Whether there is a WebGPU that is not itself a program on the processor; why not, where there is none. */
export async function findWebgpu(): Promise<{ found: boolean; reason?: string }> {
  const { gpu } = navigator as Navigator & { gpu?: GPU };
  if (!gpu) return { found: false, reason: "this browser has no WebGPU" };
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  if (!adapter) return { found: false, reason: "this browser's WebGPU has no graphics card" };
  if (adapter.info?.isFallbackAdapter) return { found: false, reason: "WebGPU is only simulated here" };
  return { found: true };
}

/** Threads that WebAssembly may have: one, unless the page is isolated from others (COOP and COEP). */
export function allowedThreads(): number {
  const { crossOriginIsolated = false } = globalThis as { crossOriginIsolated?: boolean };
  return crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;
}

/**
 * A runtime on a device.
 *
 * @param options.files where the package's own files lie
 * @param options.binary the WebAssembly of `libraries[device]`
 * @param options.onProcessor has WebGPU's library compute on the processor
 */
export function browserRuntime(
  device: BrowserDevice,
  { files, binary, onProcessor = false }: { files: URL; binary: ArrayBuffer; onProcessor?: boolean },
): OpenRuntime {
  const load = async ({ threads }: { threads: number | undefined }) => {
    const ort = await (device === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm"))
      .catch((cause) => {
        throw new ResourceError("Cannot load ONNX Runtime: this browser is too old", { cause });
      });
    ort.env.wasm.wasmBinary = binary;
    ort.env.wasm.wasmPaths = { mjs: new URL(`${libraries[device]}.mjs`, files) };
    ort.env.wasm.numThreads = threads ?? allowedThreads();
    return ort;
  };
  const isWebgpu = device === "webgpu";
  return { name: device, ...webRuntime({ load, webgpu: isWebgpu && !onProcessor, hasFloat64: !isWebgpu }) };
}
