/**
 * Remembers which licences the user has accepted.
 * @module
 */
import { dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic_write.ts";
import { userSettingsFolder } from "../files/cache_folder.ts";
import { readJson } from "../weights/read_json.ts";

const fileSchema = z.object({
  version: z.literal(1),
  accepted: z.array(z.object({ id: z.string(), license: z.string(), date: z.string() })),
});

/** A licence of a repository. */
export interface RepositoryLicense {
  /** `org/name`. */
  readonly id: string;
  readonly license: string;
}

/** The file that it is remembered in; without a home there is none. */
async function licensesFile(folder?: string): Promise<string | undefined> {
  const settings = folder ?? await userSettingsFolder();
  return settings === undefined ? undefined : join(settings, "licenses.json");
}

async function readAccepted(path: string): Promise<z.output<typeof fileSchema>["accepted"]> {
  if (!await Deno.stat(path).then(() => true, () => false)) return [];
  const result = fileSchema.safeParse(await readJson(path));
  if (result.success) return result.data.accepted;
  throw new ConfigError(`${path}: Expected a list of accepted licences: remove this file, and accept them anew`);
}

/** Whether a licence was accepted before. */
export async function isAccepted(
  { id, license }: RepositoryLicense,
  { folder }: { folder?: string | undefined } = {},
): Promise<boolean> {
  const path = await licensesFile(folder);
  if (path === undefined || (await Deno.permissions.query({ name: "read", path })).state !== "granted") return false;
  return (await readAccepted(path)).some((entry) => entry.id === id && entry.license === license);
}

/**
 * Remembers that a licence is accepted.
 *
 * @throws {ConfigError} where there is no folder for settings
 */
export async function accept(
  { id, license }: RepositoryLicense,
  { folder }: { folder?: string | undefined } = {},
): Promise<void> {
  const path = await licensesFile(folder);
  if (path === undefined) throw new ConfigError("Expected a folder for settings: set HOME or XDG_CONFIG_HOME");
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const accepted = (await readAccepted(path)).filter((entry) => entry.id !== id || entry.license !== license);
  const all = [...accepted, { id, license, date: new Date().toISOString() }];
  const text = `${JSON.stringify({ version: 1, accepted: all }, null, 2)}\n`;
  await writeFileAtomic(path, new TextEncoder().encode(text), { force: true });
}
