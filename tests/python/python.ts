/** Python with the packages that this project is compared with, where there is one: `WUERSTCHEN_PYTHON` names it, else `python3`. */
import { fileURLToPath } from "node:url";

const python = Deno.env.get("WUERSTCHEN_PYTHON") || "python3";

/**
 * Why a test that needs packages is skipped, to be put behind its name.
 *
 * @returns `""` where Python has all of them
 */
export async function withoutPackages(...names: string[]): Promise<string> {
  const command = new Deno.Command(python, {
    args: ["-c", names.map((name) => `import ${name}`).join("\n")],
    stdout: "null",
    stderr: "null",
  });
  // A program that is not there is an error before there is a promise of one.
  const found = await Promise.try(() => command.output()).catch(() => undefined);
  return found?.success ? "" : ` (skipped: no ${names.join(" and ")} in ${python}; WUERSTCHEN_PYTHON names another)`;
}

/** Runs a script that lies beside this file, and reads the JSON that it prints last. */
export async function runPython(
  script: string,
  args: readonly string[],
  { env = {} }: { env?: Readonly<Record<string, string>> } = {},
): Promise<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { success, stdout, stderr } = await new Deno.Command(python, { args: [path, ...args], env }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${script}: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
}
