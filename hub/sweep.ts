/**
 * Removes what killed downloads have left and nobody will take up.
 * @module
 */
import { join } from "node:path";
import { partialEnding } from "./cache_layout.ts";

/** Age in milliseconds from which a partial file of its own name belongs to no running download. */
const oldAge = 24 * 3600 * 1000;

/**
 * Removes partial files with a name of their own (`<hash>.<random>.incomplete`, as they are where a file system has no locks, and
 * as Python's huggingface_hub makes them) that nobody has written to for a day. Those named after the hash alone are kept: they
 * are taken up.
 */
export async function sweepPartials(repository: string): Promise<void> {
  const folder = join(repository, "blobs");
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!/^[^.]+\.[^.]+\.incomplete$/.test(name) || !name.endsWith(partialEnding)) continue;
      const path = join(folder, name);
      const { mtime } = await Deno.stat(path);
      if (Date.now() - (mtime?.getTime() ?? Date.now()) > oldAge) await Deno.remove(path);
    }
  } catch {
    // Tidying up is no reason to fail; another process may have been quicker.
  }
}
