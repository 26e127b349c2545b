/**
 * Asks about a file or folder that need not be there.
 * @module
 */
import { factsOf, type FileFacts } from "./read_file.ts";

/**
 * What the system says of a path; `undefined` where there is nothing, or nothing that can be reached.
 *
 * @throws {Deno.errors.NotCapable} where `--allow-read` does not cover it: what may not be looked at is not missing
 */
export async function statIfThere(path: string): Promise<FileFacts | undefined> {
  return await factsOf(path).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  });
}
