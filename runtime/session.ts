/**
 * ONNX Runtime's native library, the only place that imports it: sessions on this machine's processor.
 * @module
 */
import type { InferenceSession } from "onnxruntime-common";
import type { Tensor } from "../tensor/tensor.ts";
import { ResourceError } from "../errors.ts";
import { machineHasByteDotProducts } from "./byte_dot_products.ts";
import { fetchedCuda, loadCarriedLibrary } from "./carried_library.ts";
import { preloadCuda } from "./cuda/installed_cuda.ts";
import { checkExternalData } from "./check_external_data.ts";
import type { Device } from "./devices/device.ts";
import { feedsOf, inputsOf, tensorsOf } from "./ort_values.ts";
import type { Runtime, RuntimeSession, SessionInput, SessionOptions } from "./runtime.ts";

type Ort = typeof import("onnxruntime-node");

let loading: Promise<Ort> | undefined;

/**
 * Keeps the runtime from reporting usage: from 1.29 on its builds send events over the network and leave a device id in the
 * user's cache folder, unless this is set before the library is loaded (microsoft/onnxruntime, pull request 27379).
 * A value that the user gave stays.
 */
function disableTelemetry(): void {
  const name = "ORT_DISABLE_TELEMETRY";
  if (Deno.env.get(name) === undefined) Deno.env.set(name, "1");
}

/** Loads the runtime on first use: its library is 45 MB, and `--help` needs none of it. */
function ort(): Promise<Ort> {
  if (!loading) disableTelemetry();
  return loading ??= loadCarriedLibrary().then(() => import("onnxruntime-node")).then((module) =>
    (module as unknown as { default?: Ort }).default ?? module
  );
}

/** Names of the execution providers that the installed ONNX Runtime can load. */
export async function offeredProviders(): Promise<string[]> {
  return (await ort()).listSupportedBackends().map(({ name }) => name);
}

/** Version of the ONNX Runtime in use. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await ort();
  return env.versions.node ?? env.versions.common;
}

let preloading: Promise<void> | undefined;

/** Loads the libraries for CUDA that were fetched, once. */
function preloadFetched(): Promise<void> {
  return preloading ??= fetchedCuda().then((cuda) => cuda && preloadCuda(cuda));
}

/** A device that looked ready and is not: its own library knows why. */
function explained(cause: unknown, device: Device): ResourceError {
  const reason = (cause instanceof Error ? cause.message : String(cause)).split("\n")[0];
  return new ResourceError(
    `Cannot run on ${device}: ${reason}; wuerstchen doctor says what it needs, and --device cpu does without it`,
    { cause },
  );
}

/** ONNX Runtime gives the weight of each layer an offset, and stumbles where strips of a picture share one. */
function explainOffset(error: unknown): unknown {
  if (!(error instanceof Error) || !/Attempt to replace the existing tensor/.test(error.message)) return error;
  return new ResourceError(
    "Cannot share weights in int8: this processor has no dot products of 8 bits; keep Stage A in full, " +
      "--precision prior=int8,decoder=int8",
    { cause: error },
  );
}

/** Whether a session was refused for nothing but operators that only the processor has code for. */
function isFallback(error: unknown): boolean {
  return error instanceof Error && /fallback to CPU EP has been explicitly disabled/i.test(error.message);
}

/** A loaded network. Runs are sequential; {@linkcode Session.release} frees its memory. */
export class Session implements RuntimeSession {
  readonly #session: InferenceSession;
  readonly #ort: Ort;

  private constructor(ort: Ort, session: InferenceSession, readonly notices: readonly string[] = []) {
    this.#ort = ort;
    this.#session = session;
  }

  /** Builds a session from the bytes of an ONNX model. */
  static async create(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
    await checkExternalData(model, options.folder);
    const runtime = await ort();
    const config: Record<string, string> = {};
    if (options.folder !== undefined) config["model_external_initializers_file_folder_path"] = options.folder;
    if (!options.prepack) config["disable_prepacking"] = "1";
    // Processors without a dot product of 8 bits add pairs of products in 16, which overflow: there weights get an offset instead.
    const isOffset = !await machineHasByteDotProducts();
    if (isOffset) config["x64quantprecision"] = "1";
    const { device = "cpu" } = options;
    if (device === "cuda" || device === "tensorrt") await preloadFetched();
    const build = (providers: readonly Device[], more: Readonly<Record<string, string>> = {}) =>
      runtime.InferenceSession.create(model, {
        executionProviders: providers,
        graphOptimizationLevel: options.optimize ?? true ? "all" : "disabled",
        enableMemPattern: options.memoryPattern ?? false,
        logSeverityLevel: 4,
        ...(options.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profile }),
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
        extra: { session: { ...config, ...more } },
      });
    if (device === "cpu") {
      return new Session(
        runtime,
        await build(["cpu"]).catch((error) => {
          throw isOffset ? explainOffset(error) : error;
        }),
      );
    }
    try {
      return new Session(runtime, await build([device], { disable_cpu_ep_fallback: "1" }));
    } catch (error) {
      if (!isFallback(error)) throw explained(error, device);
    }
    // What a device has no code for runs on the processor, which is said.
    const session = await build([device, "cpu"]).catch((error) => {
      throw explained(error, device);
    });
    return new Session(runtime, session, [
      `some of its operators run on the processor: ONNX Runtime has no code for them on ${device}`,
    ]);
  }

  /** What it takes, in the model's order. */
  get inputs(): readonly SessionInput[] {
    return inputsOf(this.#session);
  }

  /** Runs the network once: named inputs in, named outputs out. */
  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return tensorsOf(await this.#session.run(feedsOf(inputs, this.#ort)));
  }

  /** Frees the network's memory. The session cannot run afterwards. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** ONNX Runtime on this machine's processor, which runs networks where no other runtime is named. */
export const nativeRuntime: Runtime = {
  version: runtimeVersion,
  createSession: (model, options) => Session.create(model, options),
};
