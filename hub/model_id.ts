/**
 * Names of repositories on a hub: `org/name`, or `org/name@revision`.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import { quote } from "../weights/quote.ts";

/** A repository and one of its revisions: a branch, a tag or a commit. */
export interface ModelId {
  /** `org/name`. */
  readonly id: string;
  /** `main` where nothing else is said. */
  readonly revision: string;
}

const part = /^(?!.*(?:--|\.\.))[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;

/**
 * Reads a name as a user writes it.
 *
 * @returns `undefined` where it is no name of a repository: a path, or a single word
 * @throws {CheckpointError} where its revision leads out of the cache
 */
export function parseModelId(text: string): ModelId | undefined {
  const at = text.indexOf("@");
  const [id, revision] = at < 0 ? [text, "main"] : [text.slice(0, at), text.slice(at + 1)];
  const parts = id.split("/");
  if (parts.length !== 2 || !parts.every((name) => part.test(name)) || /\.git$/.test(id)) return undefined;
  return { id, revision: checkRevision(revision, { id }) };
}

/** Git's rules for names of branches and tags, and no part that a path could go up by. */
function checkRevision(revision: string, { id }: { id: string }): string {
  const parts = revision.split("/");
  const isSafe = parts.every((name) => /^(?!.*\.\.)[A-Za-z0-9_][\w.+-]*$/.test(name) && !/\.(lock)?$/.test(name));
  if (isSafe && revision.length <= 200) return revision;
  throw new CheckpointError(`${id}: Expected a branch, a tag or a commit after the @ but found ${quote(revision)}`);
}

/** Writes a name with its revision, so that {@linkcode parseModelId} reads it. */
export function formatModelId({ id, revision }: ModelId): string {
  return revision === "main" ? id : `${id}@${revision}`;
}

/** Whether a revision is a commit, which never changes. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}
