/**
 * The command line as a program of its own: out of its source, or, where the environment variable `WUERSTCHEN_BINARY` names a compiled one
 * (`deno task compile`), that one.
 */
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** The compiled program, where it is that which is tested. A compiled program has all permissions. */
export const binary: string | undefined = Deno.env.get("WUERSTCHEN_BINARY") || undefined;

/**
 * Whether that program has the runtime of Deno 2.4.2, which stands in where the current one cannot be fetched: there
 * `@huggingface/hub` cannot send files, since their streams are closed twice.
 */
export const isStandIn: boolean = Deno.env.get("WUERSTCHEN_BINARY_RUNTIME") === "2.4.2";

/**
 * The words that run it, before its own arguments.
 *
 * @param allow permissions of the source
 */
export function commandLine(allow: readonly string[] = ["-A"]): [command: string, ...args: string[]] {
  if (binary !== undefined) return [binary];
  return [Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt", ...allow, main];
}
