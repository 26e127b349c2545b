/**
 * Whether a processor multiplies bytes without overflow.
 * @module
 */

/** Instructions that add four products of bytes in 32 bits: Intel's VNNI, in its three forms. */
const dotProducts = /\b(avx512_vnni|avx_vnni|amx_int8)\b/;

/**
 * Whether the lines of `/proc/cpuinfo` are those of a processor that sums products of bytes in 32 bits. Others with x64 instructions sum
 * pairs in 16 bits, where two large products overflow.
 */
export function hasByteDotProducts(cpuinfo: string): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1];
  return flags !== undefined && dotProducts.test(flags);
}

let asked: Promise<boolean> | undefined;

/** Asks this machine, once; false where it does not tell. */
export function machineHasByteDotProducts(): Promise<boolean> {
  return asked ??= readCpuinfo().then(hasByteDotProducts);
}

async function readCpuinfo(): Promise<string> {
  const path = "/proc/cpuinfo";
  if (Deno.build.os !== "linux") return "";
  const { state } = await Deno.permissions.query({ name: "read", path });
  return state === "granted" ? await Deno.readTextFile(path).catch(() => "") : "";
}
