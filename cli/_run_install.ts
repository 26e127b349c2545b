/**
 * What `wuerstchen doctor --install cuda` does.
 * @module
 */
import { formatBytes } from "../pipeline/forecast.ts";
import { type CudaPlan, installCuda, planCuda } from "../pipeline/install_cuda.ts";
import { fetchedCuda, packageVersion } from "../runtime/carried_library.ts";
import { librariesOf, readMachine } from "../runtime/devices/read_machine.ts";
import { watchDownloads } from "./_download_progress.ts";
import { watchInterruption } from "./_interruption.ts";
import { writeOut } from "./_stdout.ts";
import { openTerminal, warn } from "./_terminal.ts";

/**
 * Says what is missing for CUDA and how large it is, and, unless it is only asked, fetches it.
 *
 * @throws {ConfigError} on systems that there are no such libraries for
 * @throws {HubError} where they cannot be had
 * @throws {ResourceError} where there is no room for them
 */
export async function runInstall(
  { json, dryRun = false }: { json: boolean; dryRun?: boolean | undefined },
): Promise<void> {
  using interruption = watchInterruption();
  const { signal } = interruption;
  const terminal = openTerminal("stderr");
  const version = await packageVersion();
  const plan = await planCuda(version, { found: await librariesOf(), signal });
  if (plan === undefined) {
    const { folder } = (await fetchedCuda())!;
    return writeOut(json ? `${JSON.stringify({ folder, packages: [] }, null, 2)}\n` : `${folder}\n`);
  }
  terminal.write(describePlan(plan));
  const { gpus } = await readMachine({ libraries: plan.folder });
  if (!gpus.some(({ vendor }) => vendor === "NVIDIA")) {
    warn("no NVIDIA GPU was found on this machine: nothing will run on these libraries here", terminal);
  }
  const packages = plan.wheels.map(({ project, version, path, size, hash }) => {
    return { project, version, file: path, bytes: size, sha256: hash };
  });
  if (!dryRun) {
    using downloads = await watchDownloads({ terminal, signal });
    const { onEvent } = downloads.hub;
    await installCuda(plan, { signal, onEvent });
  }
  const { folder } = plan;
  writeOut(json ? `${JSON.stringify({ folder, packages }, null, 2)}\n` : `${folder}\n`);
}

/** What a plan fetches, as lines for people. */
export function describePlan({ wheels, present, folder }: CudaPlan): string {
  const total = wheels.reduce((sum, { size }) => sum + size, 0);
  const here = wheels.reduce((sum, { here }) => sum + here, 0);
  const width = Math.max(...wheels.map(({ project }) => project.length));
  const lines = wheels.map(({ project, version, size }) =>
    `${project.padEnd(width)}  ${version}  ${formatBytes(size)}`
  );
  const left = here > 0 ? `, ${formatBytes(here)} of it are here` : "";
  lines.push(`${formatBytes(total)} to fetch${left}; unpacked into ${folder}`);
  if (present.length > 0) lines.push(`on this system already: ${present.join(", ")}`);
  return `${lines.join("\n")}\n`;
}
