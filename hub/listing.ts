/**
 * What a repository holds, without fetching any of it.
 * @module
 */
import { z } from "zod";
import { CheckpointError, HubError } from "../errors.ts";
import { containedPath } from "../files/contained_path.ts";
import { quote } from "../weights/quote.ts";
import { type HubClient, maxListBytes } from "./client.ts";
import { isCommit, type ModelId } from "./model_id.ts";

/** A file of a repository. */
export interface RemoteFile {
  /** Relative, with `/`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** sha256 of large files (64 digits), git's sha1 of the others (40): its name among the blobs of the cache. */
  readonly hash: string;
  /** Its hash in Xet storage, where it lies there. */
  readonly xet: string | undefined;
  /** Where it is, unless the listing's hub has it at the usual address. */
  readonly url?: string | undefined;
}

/** A repository at one commit. */
export interface Listing extends ModelId {
  readonly commit: string;
  readonly files: ReadonlyMap<string, RemoteFile>;
}

const info = z.object({ sha: z.string().refine(isCommit) });

const size = z.int().nonnegative();
const treeEntry = z.object({
  type: z.string(),
  path: z.string(),
  size,
  oid: z.string(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
  xetHash: z.string().regex(/^[0-9a-f]{64}$/).optional(),
});

/** More than any model has; a listing of more is hostile. */
const maxFiles = 100_000;

/**
 * Lists a repository.
 *
 * @throws {HubError} where it is not there, may not be seen, or the answer is none
 * @throws {CheckpointError} where a file's name leads out of the repository
 */
export async function listRepository(
  client: HubClient,
  { id, revision }: ModelId,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Listing> {
  const subject = { id, revision };
  const response = await client.request(client.url(`api/models/${id}/revision/${encodeURIComponent(revision)}`), {
    subject,
    signal,
    maxBytes: maxListBytes,
  });
  const { sha: commit } = parseAnswer(info, await response.json().catch(() => undefined), { id, client });
  // The library is large, and offline runs never need it.
  const { listFiles } = await import("@huggingface/hub");
  const files = new Map<string, RemoteFile>();
  const entries = listFiles({
    repo: { type: "model", name: id },
    revision: commit,
    recursive: true,
    hubUrl: client.settings.endpoint,
    fetch: client.fetcher(subject, { signal, maxBytes: maxListBytes }),
  });
  for await (const found of entries) {
    if (found.type !== "file") continue;
    const { path, size, oid, lfs, xetHash } = parseAnswer(treeEntry, found, { id, client });
    containedPath(".", path, { source: id });
    if (lfs === undefined && !isCommit(oid)) throw strange(id, client);
    files.set(path, { path, size: lfs?.size ?? size, hash: lfs?.oid ?? oid, xet: xetHash });
    if (files.size > maxFiles) throw new CheckpointError(`${id}: Expected at most ${maxFiles} files`);
  }
  return { id, revision, commit, files };
}

function parseAnswer<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { id, client }: { id: string; client: HubClient },
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw strange(id, client, result.error);
}

function strange(id: string, { host }: HubClient, cause?: unknown): HubError {
  return new HubError(`${id}: ${quote(host)} does not answer as a hub does: check HF_ENDPOINT`, { cause });
}
