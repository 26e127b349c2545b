/**
 * ONNX Runtime as WebAssembly in Deno: it asks for no more than to read the package's own files.
 * @module
 */
import { gunzip } from "../files/gunzip.ts";
import { webRuntime } from "./web_runtime.ts";

/** The package's WebAssembly, which a compiled program carries compressed. */
async function webAssembly(): Promise<Uint8Array<ArrayBuffer>> {
  const name = "ort-wasm-simd-threaded.wasm";
  if (!Deno.build.standalone) return await Deno.readFile(new URL(import.meta.resolve(`onnxruntime-web/${name}`)));
  return await gunzip(await Deno.readFile(new URL(`../dist/packed/onnxruntime-web/${name}.gz`, import.meta.url)));
}

/** Loads the package's build for programs, whose threads are the system's, with its WebAssembly out of the package. */
async function load({ threads }: { threads: number | undefined }) {
  const [ort, binary] = await Promise.all([import("onnxruntime-web"), webAssembly()]);
  // Given as bytes, it is neither looked for nor fetched.
  ort.env.wasm.wasmBinary = binary.buffer;
  ort.env.wasm.numThreads = threads ?? navigator.hardwareConcurrency;
  return ort;
}

/** WebAssembly on this machine's processor: the same graphs where native libraries cannot be loaded. */
export const wasmRuntime = webRuntime({ load });
