/**
 * Times whole commands as a user sees them.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A command line of this toolkit. */
export interface StartupCase {
  readonly name: string;
  readonly args: readonly string[];
}

const command = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** Start-up alone, and a whole picture with the bundled model; pictures go to `folder`. */
export function startupCases(folder: string): StartupCase[] {
  const picture = join(folder, "picture.png");
  return [
    { name: "start-version", args: ["--version"] },
    { name: "start-generate", args: ["generate", "a red apple", "--seed", "7", "-o", picture, "--force", "--quiet"] },
  ];
}

/**
 * Runs a command once for the caches and then `runs` times; wall seconds of each.
 *
 * @throws {Error} where the command fails
 */
export async function timeCommand(
  { name, args }: StartupCase,
  { runs, threads }: { runs: number; threads: number },
): Promise<number[]> {
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const own = args[0] === "generate" ? [...args, "--threads", String(threads)] : args;
    const start = performance.now();
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", command, ...own],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`${name}: the command failed: ${new TextDecoder().decode(stderr).trim()}`);
    if (i > 0) seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
