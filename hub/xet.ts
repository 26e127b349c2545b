/**
 * Reads files from Xet storage, where the hub keeps large ones in pieces that are fetched several at a time.
 * @module
 */
import { type HubClient, maxListBytes } from "./client.ts";
import type { Listing, RemoteFile } from "./listing.ts";

/** Pieces at once, and bytes of them that may wait to be written. */
const parallel = { maxConcurrency: 4, maxInFlightBytes: 64 << 20 };

/**
 * Opens a file of Xet storage.
 *
 * @param options.at byte to begin at
 * @returns `undefined` where the hub does not serve it that way
 */
export async function openXet(
  { path, size }: RemoteFile,
  { id, revision, commit }: Listing,
  { client, at, signal }: { client: HubClient; at: number; signal?: AbortSignal | undefined },
): Promise<ReadableStream<Uint8Array> | undefined> {
  const { downloadFile, fileDownloadInfo } = await import("@huggingface/hub");
  const subject = { id, revision, path };
  // An address that has run out is asked for anew by the library.
  const options = { signal, answers: [403] };
  const fetchPieces = client.fetcher(subject, options);
  const fetchList = client.fetcher(subject, { ...options, maxBytes: maxListBytes });
  const file = {
    repo: { type: "model", name: id } as const,
    path,
    revision: commit,
    hubUrl: client.settings.endpoint,
    fetch: ((input, init) => (isList(input) ? fetchList : fetchPieces)(input, init)) satisfies typeof fetch,
  };
  const downloadInfo = await fileDownloadInfo(file);
  if (!downloadInfo?.xet || downloadInfo.size !== size) return undefined;
  const blob = await downloadFile({ ...file, downloadInfo, parallelDownloads: parallel });
  return blob?.slice(at).stream();
}

/** Whether a request asks for where the pieces are, or for a token, and not for pieces. */
function isList(input: string | URL | Request): boolean {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  return /\/(reconstructions|xet-read-token)\//.test(pathname);
}
