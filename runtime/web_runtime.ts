/**
 * ONNX Runtime as WebAssembly (the npm package `onnxruntime-web`): sessions without native code, in Deno and in browsers.
 * @module
 */
import type { InferenceSession } from "onnxruntime-common";
import { join } from "node:path";
import { CheckpointError, ConfigError, ResourceError } from "../errors.ts";
import { factsOf, readWholeFile } from "../files/read_file.ts";
import { externalLocations } from "../onnx/external_locations.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { feedsOf, inputsOf, tensorsOf } from "./ort_values.ts";
import { outOfMemory } from "./out_of_memory.ts";
import type { Runtime, RuntimeSession, SessionOptions } from "./runtime.ts";
import { openWebgpuDevice } from "./webgpu_device.ts";

/** The package, whichever of its builds. */
export type WebOrt = typeof import("onnxruntime-web");

/** How the package is had and what it runs on. */
export interface WebRuntimeOptions {
  /**
   * Loads the package and tells it where its files are; called once, with the threads that the first session wants: those of WebAssembly
   * are started with it and serve all sessions.
   */
  readonly load: (how: { threads: number | undefined }) => Promise<WebOrt>;
  /** WebGPU runs what it has kernels for, where this says so. */
  readonly webgpu?: boolean | undefined;
  /** Whether the build computes in 64-bit floats; those with WebGPU (1.30) do so nowhere. `false` by default where WebGPU is wanted. */
  readonly hasFloat64?: boolean | undefined;
}

/** Bytes that 32-bit addresses reach. */
const addressable = 2 ** 32;

/** A runtime that the package makes sessions for. */
export function webRuntime({ load, webgpu = false, hasFloat64 = !webgpu }: WebRuntimeOptions): Runtime {
  let loading: Promise<WebOrt> | undefined;
  let opening: Promise<GPUDevice | undefined> | undefined;
  const ort = (threads?: number) => loading ??= load({ threads });
  let last: Promise<unknown> = Promise.resolve();
  // The package cannot do two things at once where it waits for a graphics card.
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    version: async () => (await ort()).env.versions.common,
    hasFloat64,
    async createSession(model, options): Promise<RuntimeSession> {
      if (options.device !== undefined && options.device !== "cpu") {
        throw new ConfigError(
          `Cannot run on ${options.device}: WebAssembly runs on the processor; leave the device or this runtime out`,
        );
      }
      const runtime = await ort(options.threads);
      const device = webgpu ? await (opening ??= openWebgpuDevice()) : undefined;
      const how = await sessionOptions(model, options, { webgpu, device });
      const session = await inTurn(() => explained(() => runtime.InferenceSession.create(model, how)));
      return {
        get inputs() {
          return inputsOf(session);
        },
        async run(inputs: Readonly<Record<string, Tensor>>) {
          return tensorsOf(await inTurn(() => explained(() => session.run(feedsOf(inputs, runtime)))));
        },
        release: () => inTurn(() => session.release()),
      };
    },
  };
}

async function sessionOptions(
  model: Uint8Array,
  { folder, prepack, optimize = true, memoryPattern = false }: SessionOptions,
  { webgpu, device }: { webgpu: boolean; device: GPUDevice | undefined },
): Promise<InferenceSession.SessionOptions> {
  const externalData = await weightsOf(model, folder);
  return {
    executionProviders: webgpu ? [{ name: "webgpu", ...(device ? { device } : {}) }, "wasm"] : ["wasm"],
    graphOptimizationLevel: optimize ? "all" : "disabled",
    enableMemPattern: memoryPattern,
    logSeverityLevel: 4,
    extra: { session: { disable_prepacking: prepack ? "0" : "1" } },
    ...(externalData.length > 0 ? { externalData } : {}),
  };
}

/**
 * The files that a model has its weights in, which the package copies out of them.
 *
 * @throws {ResourceError} where they are more than it can address
 */
async function weightsOf(model: Uint8Array, folder: string | undefined): Promise<{ path: string; data: Uint8Array }[]> {
  const files: { path: string; data: Uint8Array }[] = [];
  let bytes = 0;
  for (const path of externalLocations(model)) {
    if (folder === undefined || /^([\\/]|[a-z]:)|(^|[\\/])\.\.([\\/]|$)/i.test(path)) {
      throw new CheckpointError(`Expected weights in the folder of the model but found ${JSON.stringify(path)}`);
    }
    const file = join(folder, path);
    bytes += (await factsOf(file))?.size ?? 0;
    if (bytes >= addressable) {
      throw new ResourceError(
        `Cannot load weights of ${
          (bytes / 1e9).toFixed(1)
        } GB: WebAssembly has at most 4.3 GB of memory; take the native runtime`,
      );
    }
    files.push({ path, data: await readWholeFile(file) });
  }
  return files;
}

/** @throws {ResourceError} where an error means that memory was short */
async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ResourceError) throw cause;
    if (!(cause instanceof RangeError) && outOfMemory(cause) === undefined) throw cause;
    throw new ResourceError(
      "WebAssembly is out of memory (at most 4.3 GB): paint a smaller picture, or take the native runtime",
      { cause },
    );
  }
}
