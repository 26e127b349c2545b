/**
 * Writes a command's files under the names that were settled for them. Work that is done is never thrown away for a name.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { exists, freeDefaultPath, freePath, type NameParts, type OutputPlan } from "./_output_name.ts";

/** Writes one file, whole or not at all; throws {@linkcode ConfigError} where `path` exists and `force` is not set. */
export type WriteFile = (path: string, options: { force: boolean }) => Promise<void>;

/** Gives every file its name when it is written. */
export class FileSaver {
  readonly #plan: OutputPlan;
  readonly #files: readonly NameParts[];
  readonly #force: boolean;
  readonly #displaced: string[] = [];

  /** @param files what each file is named after */
  constructor(plan: OutputPlan, files: readonly NameParts[], { force }: { force: boolean }) {
    this.#plan = plan;
    this.#files = files;
    this.#force = force;
  }

  /**
   * Files that had to take another name, because somebody else made one of theirs while the work was going on; a sentence each.
   */
  get displaced(): readonly string[] {
    return this.#displaced;
  }

  /**
   * Writes file number `index`.
   *
   * @returns its path
   */
  async save(index: number, write: WriteFile): Promise<string> {
    const plan = this.#plan;
    if (plan.kind === "stdout") throw new TypeError("Expected a plan with file names but found standard output");
    if (plan.kind === "free") {
      return await writeFree(() => freeDefaultPath(plan.folder, this.#files[index]!, plan.type), write);
    }
    const path = plan.paths[index]!;
    try {
      await write(path, { force: this.#force });
      return path;
    } catch (error) {
      if (this.#force || !await isTaken(error, path)) throw error;
      const kept = await writeFree(() => freePath(path), write);
      this.#displaced.push(`${path} was made by somebody else meanwhile: it is left as it is, and this one is ${kept}`);
      return kept;
    }
  }
}

/** Writes under the first name that is free; another process may take it first, then it is the next one's turn. */
async function writeFree(choose: () => Promise<string>, write: WriteFile): Promise<string> {
  for (;;) {
    const path = await choose();
    try {
      await write(path, { force: false });
      return path;
    } catch (error) {
      if (!await isTaken(error, path)) throw error;
    }
  }
}

async function isTaken(error: unknown, path: string): Promise<boolean> {
  return error instanceof ConfigError && await exists(path);
}
