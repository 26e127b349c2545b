/**
 * What is used of `node:path`, for browsers, whose paths are POSIX's and whose working folder is the root.
 * @module
 */

/** Takes `.` and `..` out of a path. */
function normalise(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Whether a path begins at the root. */
export function isAbsolute(path: string): boolean {
  return path.startsWith("/");
}

/** Paths behind each other. */
export function join(...parts: readonly string[]): string {
  const path = parts.filter((part) => part !== "").join("/");
  return `${isAbsolute(path) ? "/" : ""}${normalise(path)}` || ".";
}

/** The absolute path that some lead to, one after the other. */
export function resolve(...parts: readonly string[]): string {
  return `/${normalise(parts.slice(Math.max(0, parts.findLastIndex(isAbsolute))).join("/"))}`;
}

/** The last part of a path. */
export function basename(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1)!;
}

/** All but the last part of a path. */
export function dirname(path: string): string {
  const folder = path.replace(/\/+$/, "").split("/").slice(0, -1).join("/");
  return folder || (isAbsolute(path) ? "/" : ".");
}

/** The way from one path to another. */
export function relative(from: string, to: string): string {
  const [start, end] = [from, to].map((path) => resolve(path).split("/").filter((part) => part !== ""));
  let shared = 0;
  while (shared < start!.length && start![shared] === end![shared]) shared++;
  return [...start!.slice(shared).map(() => ".."), ...end!.slice(shared)].join("/");
}
