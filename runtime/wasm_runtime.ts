/**
 * ONNX Runtime as WebAssembly in Deno: it asks for no more than to read the package's own files.
 * @module
 */
import { webRuntime } from "./web_runtime.ts";

/** Loads the package's build for programs, whose threads are the system's, with its WebAssembly out of the package. */
async function load({ threads }: { threads: number | undefined }) {
  const file = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  const [ort, binary] = await Promise.all([import("onnxruntime-web"), Deno.readFile(file)]);
  // Given as bytes, it is neither looked for nor fetched.
  ort.env.wasm.wasmBinary = binary.buffer;
  ort.env.wasm.numThreads = threads ?? navigator.hardwareConcurrency;
  return ort;
}

/** WebAssembly on this machine's processor: the same graphs where native libraries cannot be loaded. */
export const wasmRuntime = webRuntime({ load });
