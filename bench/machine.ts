/**
 * What a result was measured on, so that it can be judged later and elsewhere.
 * @module
 */
import { version } from "../version.ts";

/** Instruction sets that matter to matrix products. */
const notable = /^(avx2|avx512f|avx512_vnni|avx512_bf16|avx512_fp16|avx_vnni|amx_\w+|asimd\w*|sve2?|i8mm|bf16)$/;

/** Machine, commit and date of a run. */
export interface Provenance {
  readonly processor: string;
  readonly cores: number;
  readonly flags: readonly string[];
  /** Bytes of memory. */
  readonly memory: number;
  readonly system: string;
  /** Of this repository; ends with `+` where the working tree differs from it. */
  readonly commit: string;
  readonly version: string;
  readonly date: string;
}

async function git(...args: string[]): Promise<string | undefined> {
  const command = new Deno.Command("git", { args, cwd: import.meta.dirname!, stdout: "piped", stderr: "null" });
  const result = await command.output().catch(() => undefined);
  return result?.success ? new TextDecoder().decode(result.stdout).trim() : undefined;
}

async function commit(): Promise<string> {
  const hash = await git("rev-parse", "--short=12", "HEAD");
  if (hash === undefined) return "unknown";
  return await git("status", "--porcelain", "--untracked-files=no") === "" ? hash : `${hash}+`;
}

/** Describes this machine and this working tree. */
export async function provenance(): Promise<Provenance> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const field = (name: RegExp) => name.exec(info)?.[1]?.trim();
  return {
    processor: field(/^model name\s*:(.*)$/m) ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    flags: (field(/^(?:flags|Features)\s*:(.*)$/m) ?? "").split(/\s+/).filter((flag) => notable.test(flag)),
    memory: Deno.systemMemoryInfo().total,
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
    commit: await commit(),
    version,
    date: new Date().toISOString(),
  };
}
