/**
 * Folders that a compiled program carries and that others than Deno have to read, such as the system's loader of libraries: they are
 * unpacked into the user's cache folder, which takes no more than a comparison from the second start on.
 * @module
 */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { userCacheFolder } from "./cache_folder.ts";
import { type KnownFile, unpackFiles } from "./unpack_files.ts";

/**
 * What a compiled program carries: files by the name of their folder, `packed` being relative to this list. `tools/compile.ts` writes it.
 * The program reads all that it carries at each start, so that what is large is carried compressed.
 */
export type CarriedFolders = Readonly<Record<string, readonly KnownFile[]>>;

const list = fileURLToPath(new URL("../dist/carried.json", import.meta.url));

let reading: Promise<CarriedFolders> | undefined;
const unpacking = new Map<string, Promise<string>>();

/**
 * Where the files of a folder lie on the disk: in the folder itself, or, in a compiled program, in an unpacked copy of it.
 *
 * @param name what the program carries it as, such as `models/emoji`
 * @param folder where it lies, in a compiled program inside of it
 * @throws {PermissionError} where the cache folder cannot be written
 * @throws {ResourceError} where its disk is full
 */
export function carriedFolder(name: string, folder: string): Promise<string> {
  if (!Deno.build.standalone) return Promise.resolve(folder);
  const found = unpacking.get(name) ?? unpack(name, folder);
  unpacking.set(name, found);
  return found;
}

async function unpack(name: string, from: string): Promise<string> {
  reading ??= Deno.readTextFile(list).then(JSON.parse);
  const carried = (await reading)[name];
  if (carried === undefined) return from;
  const files = carried.map((file) =>
    file.packed === undefined ? file : { ...file, packed: join(dirname(list), file.packed) }
  );
  const cache = await userCacheFolder() ?? join(homedir(), ".cache", "wuerstchen");
  // Programs of several versions keep out of each other's way.
  const version = createHash("sha256").update(JSON.stringify(carried)).digest("hex").slice(0, 16);
  const to = join(cache, "program", `${name.replaceAll("/", "-")}-${version}`);
  await unpackFiles(files, { from, to, name });
  return to;
}
