/**
 * Reads what a model card says to programs: the front matter of a repository's README.
 * @module
 */
import { join } from "node:path";

/** What is read of it. */
export interface ModelCard {
  /** Repository or folder of the prior that a decoder goes with. */
  readonly prior: string | undefined;
  /** Name of the licence. */
  readonly license: string | undefined;
  readonly licenseLink: string | undefined;
}

/** Reads the card of a repository; one that is missing says nothing. */
export async function readModelCard(folder: string): Promise<ModelCard> {
  const text = await Deno.readTextFile(join(folder, "README.md")).catch(() => "");
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? "";
  const entry = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(?:\\r?\\n[ \\t]*-[ \\t]*)?\\[?[ \\t]*["']?([^\\s"'#,\\]]+)`, "m").exec(front)?.[1];
  return {
    prior: entry("prior"),
    license: entry("license_name") ?? entry("license"),
    licenseLink: entry("license_link"),
  };
}

/** Whether a licence allows no commercial use, by the words that such licences are named with. */
export function isNonCommercial(license: string): boolean {
  return /(^|[-_. ])nc($|[-_. ])|non-?commercial|research-only/i.test(license);
}
