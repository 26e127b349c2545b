/**
 * Everything that comes along, as plugins: what runs anywhere, and ONNX Runtime's native library.
 * @module
 */
import onnxRuntime from "./builtin/onnx_runtime.ts";
import type { Plugin } from "./define.ts";
import { portablePlugins } from "./portable.ts";
import { Registry } from "./registry.ts";

/** The plugins that come along. */
export const builtinPlugins: readonly Plugin[] = [onnxRuntime as unknown as Plugin, ...portablePlugins];

/** A new registry with everything that comes along. */
export function builtinRegistry(): Registry {
  return new Registry(builtinPlugins);
}
