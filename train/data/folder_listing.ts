/**
 * Which files a data set's folder holds.
 * @module
 */
import { isTableName } from "./caption_table.ts";
import { isPictureName } from "./picture.ts";

/** Files below a folder by what they are for, each list sorted; paths are relative, with `/`. */
export interface FolderListing {
  readonly pictures: readonly string[];
  /** `.txt` files. */
  readonly texts: readonly string[];
  /** `.jsonl` and `.csv` files. */
  readonly tables: readonly string[];
  readonly tars: readonly string[];
  readonly parquets: readonly string[];
  readonly others: readonly string[];
}

/**
 * Lists a folder with all folders below it. Names that begin with a dot or `__` are left out; links are followed, once each.
 *
 * @throws {Deno.errors.PermissionDenied | Deno.errors.NotCapable} where a folder may not be read
 */
export async function listFolder(folder: string): Promise<FolderListing> {
  const lists = { pictures: [], texts: [], tables: [], tars: [], parquets: [], others: [] } as Record<
    keyof FolderListing,
    string[]
  >;
  const visited = new Set<string>();
  const walk = async (path: string, prefix: string): Promise<void> => {
    // Links between folders may form a ring.
    const real = await Deno.realPath(path);
    if (visited.has(real)) return;
    visited.add(real);
    const entries = [];
    for await (const entry of Deno.readDir(path)) entries.push(entry);
    for (const { name, isDirectory, isSymlink } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
      if (name.startsWith(".") || name.startsWith("__")) continue;
      const full = `${path}/${name}`;
      const isFolder = isDirectory || isSymlink && await leadsToFolder(full);
      if (isFolder) await walk(full, `${prefix}${name}/`);
      else lists[kindOf(name)].push(prefix + name);
    }
  };
  await walk(folder, "");
  for (const list of Object.values(lists)) list.sort();
  return lists;
}

async function leadsToFolder(link: string): Promise<boolean> {
  return (await Deno.stat(link).catch(() => undefined))?.isDirectory ?? false;
}

function kindOf(name: string): keyof FolderListing {
  const lower = name.toLowerCase();
  if (isPictureName(lower)) return "pictures";
  if (lower.endsWith(".txt")) return "texts";
  if (isTableName(lower)) return "tables";
  if (lower.endsWith(".tar")) return "tars";
  return lower.endsWith(".parquet") ? "parquets" : "others";
}
