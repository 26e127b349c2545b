/**
 * What a program runs on, for logs and reports.
 * @module
 */
import { cpus } from "node:os";
import { runtimeVersion } from "./session.ts";

/** The machine and the versions of what the program runs on. */
export interface Environment {
  readonly deno: string;
  /** The processor's name. */
  readonly cpu: string;
  readonly onnxruntime: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  /** `linux x86_64`. */
  readonly platform: string;
}

/** Asks the system and the runtime. */
export async function readEnvironment(): Promise<Environment> {
  return {
    deno: Deno.version.deno,
    cpu: cpus()[0]?.model ?? "unknown",
    onnxruntime: await runtimeVersion(),
    cores: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    platform: `${Deno.build.os} ${Deno.build.arch}`,
  };
}
