import { nativeRuntime } from "../../runtime/session.ts";
import { defineRuntime } from "../define.ts";

/** ONNX Runtime on this machine's processor: `runtime/session.ts`. */
export default defineRuntime({
  name: "onnxruntime",
  summary: "ONNX Runtime on this machine's processor",
  create: () => nativeRuntime,
});
