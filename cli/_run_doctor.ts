/**
 * What `wuerstchen doctor` does.
 * @module
 */
import { PermissionError } from "../errors.ts";
import { formatBytes } from "../pipeline/forecast.ts";
import { type Examination, examine } from "../runtime/devices/examine.ts";
import { freeMemory } from "../runtime/free_memory.ts";
import { oneLine } from "./_errors.ts";
import { writeOut } from "./_stdout.ts";
import { versionText } from "./_program.ts";

/**
 * Prints what this machine has and what it lacks.
 *
 * @throws {PermissionError} where the system's files may not be read
 */
export async function runDoctor({ json }: { json: boolean }): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "read" });
  // Without it every answer would be that there is nothing.
  if (state !== "granted") throw new PermissionError("Cannot look at this machine: run with --allow-read");
  const [found, memory] = await Promise.all([examine(), freeMemory()]);
  const facts = { version: versionText(), ...found, freeMemory: memory };
  writeOut(json ? `${JSON.stringify(facts, null, 2)}\n` : formatDoctor(found, { freeMemory: memory }));
}

/** An examination as lines for people. */
export function formatDoctor(
  { machine, runtime, devices }: Examination,
  { freeMemory }: { freeMemory: number | undefined },
): string {
  const { cpu, gpus, nvidiaDriver, vulkanDrivers } = machine;
  const features = cpu.features === undefined
    ? ""
    : ` (${cpu.features.join(", ") || "none of the features that help"})`;
  const facts: [string, string][] = [
    ["system", `${machine.os} ${machine.arch}`],
    ["processor", `${cpu.model ?? "unknown"}, ${cpu.cores} ${cpu.cores === 1 ? "core" : "cores"}${features}`],
    ["free memory", freeMemory === undefined ? "unknown: --allow-sys=systemMemoryInfo tells" : formatBytes(freeMemory)],
    ["graphics", gpus.map(({ vendor, model }) => model ?? vendor).join(", ") || "none was found"],
    ...(nvidiaDriver ? [["NVIDIA driver", nvidiaDriver] as [string, string]] : []),
    ...(vulkanDrivers.length > 0 ? [["Vulkan drivers", vulkanDrivers.join(", ")] as [string, string]] : []),
    ["ONNX Runtime", `${runtime.version}, in ${machine.libraries}`],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${oneLine(value)}`);
  lines.push("");
  for (const { device, ready, reason, step } of devices) {
    lines.push(`${device.padEnd(width)}  ${ready ? "ready" : "not ready"}: ${oneLine(reason)}`);
    if (step !== undefined) lines.push(`${" ".repeat(width)}  to enable it: ${oneLine(step)}`);
  }
  return `${lines.join("\n")}\n`;
}
