/**
 * Runtimes as networks are run by them, with what they give checked.
 * @module
 */
import { PluginError } from "../errors.ts";
import type { Runtime, RuntimeSession } from "../runtime/runtime.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Plugin } from "./define.ts";
import { blame, type PluginChoice, type Registry } from "./registry.ts";

/** The runtime that networks run on where none is named. */
export const usualRuntime = "onnxruntime";

/** A runtime that is ready, and what it is called. */
export interface OpenRuntime extends Runtime {
  /** What it was chosen by. */
  readonly name: string;
}

/**
 * Opens a runtime. An error of it, and a result that is no tensor, is a `PluginError` that names it; those of the usual runtime stay as
 * they are, since whoever chose nothing would not know the name.
 *
 * @throws {ConfigError} where there is no such runtime, or an option is wrong
 * @throws {PluginError} where it cannot be made
 */
export async function openRuntime(
  registry: Registry,
  choice: string | PluginChoice = usualRuntime,
): Promise<OpenRuntime> {
  const { plugin, name, create } = registry.choose("runtime", choice);
  const part = await create(undefined);
  if (name === usualRuntime) return { ...part, name };
  return {
    name,
    version: async () => String(await blame(plugin, () => part.version())),
    hasFloat64: part.hasFloat64,
    createSession: async (model, options) => {
      return checkedSession(await blame(plugin, () => part.createSession(model, options)), plugin);
    },
  };
}

/** How pictures say what ran their networks: a version, behind the name of any runtime but the usual one. */
export async function runtimeLabel({ name, version }: Pick<OpenRuntime, "name" | "version">): Promise<string> {
  return name === usualRuntime ? await version() : `${name} ${await version()}`;
}

function checkedSession(session: RuntimeSession, plugin: Pick<Plugin, "kind" | "name">): RuntimeSession {
  const fail = (wanted: string): never => {
    throw new PluginError(`runtime ${plugin.name}: Expected ${wanted}`);
  };
  if (typeof session?.run !== "function" || typeof session.release !== "function") {
    fail("createSession() to return an object with run() and release()");
  }
  return {
    get inputs() {
      return session.inputs;
    },
    async run(inputs) {
      const outputs = await blame(plugin, () => session.run(inputs));
      for (const [name, value] of Object.entries(outputs ?? fail("run() to return an object of tensors"))) {
        if (!isWhole(value)) fail(`run() to return a whole tensor as "${name}"`);
      }
      return outputs;
    },
    release: () => blame(plugin, () => session.release()),
  };
}

function isWhole({ shape, data }: Partial<Tensor>): boolean {
  return Array.isArray(shape) && ArrayBuffer.isView(data) && sizeOf(shape) === (data as { length: number }).length;
}
