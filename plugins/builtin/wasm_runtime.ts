import { wasmRuntime } from "../../runtime/wasm_runtime.ts";
import { defineRuntime } from "../define.ts";

/** ONNX Runtime as WebAssembly: `runtime/wasm_runtime.ts`. */
export default defineRuntime({
  name: "wasm",
  summary: "ONNX Runtime as WebAssembly, where native code cannot be loaded",
  create: () => wasmRuntime,
});
