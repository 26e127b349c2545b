/**
 * Würstchen without native code: the same models, for browsers, edge runtimes, and Deno with no permission but to read.
 *
 * Networks run as WebAssembly (`onnxruntime-web`), or on a runtime that is handed in. In Deno the model is a folder; elsewhere it is its
 * files: bytes, `Blob`s and `File`s, or addresses.
 *
 * @example Paint a picture from files that are in memory
 * ```ts
 * import { loadPipeline, type ModelFiles } from "wuerstchen/web";
 * const files: Record<string, ModelFiles[string]> = {};
 * const folder = new URL("models/emoji/", import.meta.resolve("wuerstchen/web"));
 * for (const half of ["prior", "decoder"]) {
 *   for (const path of await filesBelow(half)) files[path] = await Deno.readFile(new URL(path, folder));
 * }
 * await using pipeline = await loadPipeline(files, { name: "emoji", threads: 1 });
 * const { images } = await pipeline.generate({ prompt: "a red apple", seed: 7, priorSteps: 2, decoderSteps: 1 });
 * const png = await images[0]!.png();
 * if (png[1] !== 0x50) throw new Error("a PNG");
 *
 * async function filesBelow(path: string): Promise<string[]> {
 *   const entries = await Array.fromAsync(Deno.readDir(new URL(path, folder)));
 *   const found = entries.map(({ name, isDirectory }) => isDirectory ? filesBelow(`${path}/${name}`) : [`${path}/${name}`]);
 *   return (await Promise.all(found)).flat();
 * }
 * ```
 * @module
 */
export * from "./errors.ts";
export type { ModelFiles } from "./pipeline/portable_model.ts";
export { loadPortable as loadPipeline, type PortableOptions, PortablePipeline } from "./pipeline/portable_pipeline.ts";
export type { GeneratedImage, GenerateEvent, GenerateOptions, GenerateResult, Run } from "./pipeline/types.ts";
export type { ModelDefaults } from "./pipeline/options.ts";
export type { SizeRules } from "./pipeline/plan.ts";
export type { OpenRuntime } from "./plugins/open_runtime.ts";
export { type WebOrt, webRuntime, type WebRuntimeOptions } from "./runtime/web_runtime.ts";
