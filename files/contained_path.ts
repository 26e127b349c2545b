/**
 * Paths that come from elsewhere (a listing of a server, an archive) and have to stay in the folder that they are put into.
 * @module
 */
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";

/** Names that mean a device to Windows, whatever their ending. */
const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** What makes a part of a path unsafe, under POSIX and Windows rules alike. */
function isUnsafe(part: string): boolean {
  return part === "" || part === "." || part === ".." || device.test(part) || /[. ]$/.test(part) ||
    // deno-lint-ignore no-control-regex -- they are what this looks for
    /[\\:<>"|?*\u0000-\u001f\u007f]/.test(part) || new TextEncoder().encode(part).length > 255;
}

/**
 * Joins a folder with a relative path of an untrusted source, written with `/`.
 *
 * @param options.source what the path came from, for the message
 * @throws {CheckpointError} where it is absolute, begins with a drive, leads out of the folder, or means something else on another
 * system: then nothing of its source can be trusted
 */
export function containedPath(folder: string, path: string, { source }: { source: string }): string {
  const parts = path.split("/");
  if (parts.some(isUnsafe)) {
    throw new CheckpointError(
      `${source}: names the file ${
        JSON.stringify(path.slice(0, 200))
      }, which could leave its folder: nothing was taken from it`,
    );
  }
  return join(folder, ...parts);
}
