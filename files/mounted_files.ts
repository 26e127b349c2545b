/**
 * Files that lie nowhere on a disk, such as those that a browser has fetched or a visitor has chosen: as a folder, that is read like any.
 * @module
 */

/** Bytes that parts can be taken of, as a `Blob` and a `File` are. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `from` to before `to`, read when they are asked for. */
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/** A folder of such files, until it is disposed of. */
export interface MountedFolder extends Disposable {
  /** Leads to it, and to what is in it: `${path}/prior/config.json`. */
  readonly path: string;
}

/** What there is at a path in a mounted folder. */
export interface MountedEntry {
  /** The bytes of a file. */
  readonly file: ByteSource | undefined;
  /** Names of what is in a folder, each once. */
  readonly names: readonly string[];
}

const mounted = new Map<string, ReadonlyMap<string, ByteSource>>();
let count = 0;

/** Makes a folder of files, by their paths in it, with `/` between its parts. */
export function mountFiles(files: ReadonlyMap<string, ByteSource>): MountedFolder {
  const root = `mounted-files-${++count}`;
  mounted.set(root, files);
  return { path: `/${root}`, [Symbol.dispose]: () => void mounted.delete(root) };
}

/** What there is at a path: `undefined` for paths of a disk, an entry without file and names where a mounted folder has nothing. */
export function mountedEntry(path: string): MountedEntry | undefined {
  // Windows puts its drive before paths, and its own lines between their parts.
  const [root = "", ...parts] = path.replace(/^[a-z]:/i, "").split(/[\\/]/).filter((part) =>
    part !== "" && part !== "."
  );
  const files = mounted.get(root);
  if (!files) return undefined;
  const file = files.get(parts.join("/"));
  const prefix = parts.map((part) => `${part}/`).join("");
  const below = [...files.keys()].filter((name) => name.startsWith(prefix));
  return { file, names: [...new Set(below.map((name) => name.slice(prefix.length).split("/")[0]!))] };
}
