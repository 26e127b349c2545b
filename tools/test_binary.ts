/**
 * Compiles the command line and runs its tests against what came of it:
 *
 *     deno task test:binary [test file …]
 *
 * Where this Deno cannot fetch its runtime for `deno compile`, one of Deno 2.4.2 stands in (`tools/get_denort.ts`). Where neither is to be
 * had, that is said and nothing is tested.
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denortVersion, getDenort } from "./get_denort.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = join(root, "dist", "wuerstchen");

/** Tests of commands; those of their parts have nothing to do with a program. */
const suite = ["cli", "tests/binary_test.ts"];

/** Runs a command in the project's folder, its output shown. */
async function call(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const [command, ...args] = words;
  return (await new Deno.Command(command!, { args, cwd: root, env }).spawn().status).code;
}

/** Compiles a program; returns the version of Deno that runs it, nothing where none could be compiled. */
async function compile(): Promise<string | undefined> {
  const args = ["run", "-A", "tools/compile.ts", "--output", program];
  if (await call([Deno.execPath(), ...args]) === 0) return Deno.version.deno;
  try {
    const env = { DENORT_BIN: await getDenort() };
    return await call(["npx", "-y", `deno@${denortVersion}`, ...args], env) === 0 ? denortVersion : undefined;
  } catch (error) {
    console.error(`no runtime of Deno ${denortVersion}: ${(error as Error).message}`);
    return undefined;
  }
}

if (import.meta.main) {
  const runtime = await compile();
  if (runtime !== undefined) {
    const env = { WUERSTCHEN_BINARY: program, WUERSTCHEN_BINARY_RUNTIME: runtime };
    const files = Deno.args.length > 0 ? Deno.args : suite;
    Deno.exit(await call([Deno.execPath(), "test", "-A", "--no-check", ...files], env));
  }
  console.error("skipped: no program could be compiled here, so none was tested");
}
