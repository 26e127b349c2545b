/**
 * What a machine has that networks can run on: processor, memory, graphics cards and their drivers, as the system's own files say. Nothing
 * is run, and what may not be read is not there.
 * @module
 */
import { join } from "node:path";
import { libraryReader, neededLibraries } from "./needed_libraries.ts";
import { type System, thisSystem } from "./system.ts";

/** A graphics card. */
export interface Gpu {
  readonly vendor: "NVIDIA" | "AMD" | "Intel" | "Apple";
  /** Where its driver says it. */
  readonly model?: string;
}

/** What was found. */
export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly cpu: {
    readonly model: string | undefined;
    readonly cores: number;
    /** Of those that matter to matrix products; unknown where the system has no file that says them. */
    readonly features: readonly string[] | undefined;
  };
  readonly gpus: readonly Gpu[];
  /** Version of NVIDIA's driver; `""` where it is there and does not say. */
  readonly nvidiaDriver: string | undefined;
  /** Vulkan drivers, by the names of their manifests. */
  readonly vulkanDrivers: readonly string[];
  /** Whether there is Vulkan's loader, which finds the drivers (`libvulkan.so.1`). */
  readonly vulkanLoader: boolean;
  /** Libraries of ONNX Runtime's providers, with the libraries that each asks for and that are not found. */
  readonly providers: Readonly<
    Record<string, { readonly needs: readonly string[]; readonly missing: readonly string[] }>
  >;
  /** Folder of ONNX Runtime's libraries. */
  readonly libraries: string;
}

const cpuFeatures = [
  ...["avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16"],
  ...["asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve"],
];

const vendors: Readonly<Record<string, Gpu["vendor"]>> = { "0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel" };

const text = async (system: System, path: string) => {
  const bytes = await system.read(path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim();
};

/**
 * Looks a machine over.
 *
 * @param options.libraries folder of ONNX Runtime's libraries
 */
export async function readMachine(
  { libraries, system = thisSystem }: { libraries: string; system?: System },
): Promise<Machine> {
  const { os, arch } = system;
  const cpuinfo = await text(system, "/proc/cpuinfo");
  const flags = /^(?:flags|Features)\s*: (.*)$/m.exec(cpuinfo ?? "")?.[1]?.split(" ");
  return {
    os,
    arch,
    cpu: {
      model: /^model name\s*: (.*)$/m.exec(cpuinfo ?? "")?.[1],
      cores: navigator.hardwareConcurrency,
      features: flags && cpuFeatures.filter((feature) => flags.includes(feature)),
    },
    gpus: await readGpus(system),
    nvidiaDriver: await readNvidiaDriver(system),
    vulkanDrivers: await readVulkanDrivers(system),
    vulkanLoader: system.os === "linux" && (await librariesOf(system)).has("libvulkan.so.1"),
    providers: await readProviders(system, libraries),
    libraries,
  };
}

async function readGpus(system: System): Promise<Gpu[]> {
  if (system.os === "darwin") return system.arch === "aarch64" ? [{ vendor: "Apple" }] : [];
  const folder = "/proc/driver/nvidia/gpus";
  const nvidia: Gpu[] = [];
  for (const name of await system.list(folder)) {
    const model = /^Model:\s*(.*)$/m.exec(await text(system, `${folder}/${name}/information`) ?? "")?.[1];
    nvidia.push({ vendor: "NVIDIA", ...(model === undefined ? {} : { model }) });
  }
  // Under WSL there is no /proc/driver: the driver of Windows lends its library.
  if (nvidia.length === 0 && (await system.list(wsl)).includes("libcuda.so.1")) nvidia.push({ vendor: "NVIDIA" });
  const others: Gpu[] = [];
  for (const name of await system.list("/sys/bus/pci/devices")) {
    const place = `/sys/bus/pci/devices/${name}`;
    // Class 3 is what draws (https://admin.pci-ids.ucw.cz/read/PD/03).
    if (!(await text(system, `${place}/class`))?.startsWith("0x03")) continue;
    const vendor = vendors[await text(system, `${place}/vendor`) ?? ""];
    if (vendor !== undefined && (vendor !== "NVIDIA" || nvidia.length === 0)) others.push({ vendor });
  }
  return [...nvidia, ...others];
}

const wsl = "/usr/lib/wsl/lib";

async function readNvidiaDriver(system: System): Promise<string | undefined> {
  const version = await text(system, "/proc/driver/nvidia/version");
  if (version !== undefined) return /\b\d{3,}\.\d+(\.\d+)?\b/.exec(version)?.[0] ?? "";
  return (await system.list(wsl)).includes("libcuda.so.1") ? "" : undefined;
}

async function readVulkanDrivers(system: System): Promise<string[]> {
  const named = await system.environment("VK_DRIVER_FILES") ?? await system.environment("VK_ICD_FILENAMES");
  if (named !== undefined) return named.split(":").filter((path) => path !== "");
  const folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
  const names = await Promise.all(folders.map((folder) => system.list(folder)));
  return names.flat().filter((name) => name.endsWith(".json")).sort();
}

async function readProviders(system: System, libraries: string): Promise<Machine["providers"]> {
  if (system.os !== "linux") return {};
  const beside = await system.list(libraries);
  const names = beside.filter((name) => /^libonnxruntime_providers_\w+\.so$/.test(name));
  const found = names.length > 0 ? await librariesOf(system) : new Set<string>();
  const providers: Record<string, Machine["providers"][string]> = {};
  for (const name of names.sort()) {
    const needs = await neededLibraries(libraryReader(join(libraries, name), system));
    const missing = needs.filter((need) => !found.has(need) && !beside.includes(need));
    providers[name.replace(/^libonnxruntime_providers_(\w+)\.so$/, "$1")] = { needs, missing };
  }
  return providers;
}

/** All names in the folders that the system's loader looks into (ld.so(8)). */
export async function librariesOf(system: System = thisSystem): Promise<Set<string>> {
  const listed = (await system.environment("LD_LIBRARY_PATH"))?.split(":") ?? [];
  const files = (await system.list("/etc/ld.so.conf.d")).map((name) => `/etc/ld.so.conf.d/${name}`);
  for (const file of ["/etc/ld.so.conf", ...files]) {
    listed.push(...(await text(system, file) ?? "").split("\n").filter((line) => line.startsWith("/")));
  }
  const machine = `${system.arch}-linux-gnu`;
  const usual = ["/lib", "/usr/lib"].flatMap((base) => [base, `${base}64`, `${base}/${machine}`]);
  const names = await Promise.all([...listed, ...usual, wsl].map((folder) => system.list(folder)));
  return new Set(names.flat());
}
