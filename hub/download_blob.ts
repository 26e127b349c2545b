/**
 * Brings one file into the cache: begun once, taken up where it was left, and visible only when its hash is right.
 * @module
 */
import { dirname } from "node:path";
import { HubError } from "../errors.ts";
import { explainWriteError } from "../files/atomic_write.ts";
import { BlockWriter } from "./block_writer.ts";
import { openBody, pieceBytes } from "./body_reader.ts";
import { blobPath, lockPath, partialEnding, repositoryFolder } from "./cache_layout.ts";
import { delay, type HubClient } from "./client.ts";
import { type FileHash, openFileHash } from "./file_hash.ts";
import type { Listing, RemoteFile } from "./listing.ts";
import { Flusher } from "./flusher.ts";
import { takeLock } from "./lock.ts";
import { explainNetworkError } from "./refusals.ts";
import { openXet } from "./xet.ts";

/** Options of {@linkcode downloadBlob}. */
export interface DownloadOptions {
  readonly client: HubClient;
  /** Is told how many bytes more are there; fewer than none where a download begins anew. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `false` does without locks, as file systems do that have none. */
  readonly locks?: boolean | undefined;
}

/** Bytes that have to come before a new failure counts as the first. */
const progressBytes = 1 << 20;

/** Whether the cache holds the whole file. */
export async function hasBlob(path: string, size: number): Promise<boolean> {
  const found = await Deno.stat(path).catch(() => undefined);
  return found !== undefined && found.isFile && found.size === size;
}

/** Address of a file at the listed commit. */
export function fileUrl(client: HubClient, { id, commit }: Listing, path: string): string {
  return client.url(`${id}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`);
}

/**
 * Downloads a file of a listing into the cache, unless it is there.
 *
 * What has come is kept in `<hash>.incomplete` whatever ends the process, and the next one goes on from there. Since the name is
 * the content's hash, a partial file never belongs to another content.
 *
 * @throws {HubError} where the hub fails or sends other bytes than it lists
 * @throws {ResourceError} where the disk is full; what has come is kept
 */
export async function downloadBlob(file: RemoteFile, listing: Listing, options: DownloadOptions): Promise<void> {
  const { client, signal, onBytes, locks = true } = options;
  const { cacheFolder } = client.settings;
  const blob = blobPath(repositoryFolder(cacheFolder, listing.id), file.hash);
  if (await hasBlob(blob, file.size)) return onBytes?.(file.size);
  const state = { path: blob, needed: file.size, written: 0 };
  try {
    await Deno.mkdir(dirname(blob), { recursive: true });
    using lock = locks ? await takeLock(lockPath(cacheFolder, listing.id, file.hash), { signal }) : undefined;
    // Whoever held the lock may have finished it.
    if (await hasBlob(blob, file.size)) return onBytes?.(file.size);
    const isAlone = lock?.isExclusive ?? false;
    const partial = isAlone ? blob + partialEnding : `${blob}.${crypto.randomUUID().slice(0, 8)}${partialEnding}`;
    const transfer = new Transfer(file, listing, { ...options, partial, state });
    try {
      await transfer.run();
      await Deno.rename(partial, blob);
    } catch (error) {
      // Nobody else would ever take up a name of its own.
      if (!isAlone || transfer.isWrong) await Deno.remove(partial).catch(() => {});
      throw error;
    }
  } catch (error) {
    // What says which host may not be asked has nothing to do with the file.
    const isNet = error instanceof Deno.errors.NotCapable && error.message.includes("--allow-net");
    if (error instanceof HubError || isNet) throw error;
    throw await explainWriteError(error, { ...state, written: 0 });
  }
}

/** The transfer of one file into its partial file. */
class Transfer {
  readonly #file: RemoteFile;
  readonly #listing: Listing;
  readonly #options: DownloadOptions & { readonly partial: string; readonly state: { written: number } };
  #hash!: FileHash;
  #out!: Deno.FsFile;
  #flusher!: Flusher;
  /** Whether Xet storage may still be asked. */
  #triesXet: boolean;
  /** Bytes in the partial file. */
  #at = 0;
  #wrong = false;

  constructor(
    file: RemoteFile,
    listing: Listing,
    options: DownloadOptions & { readonly partial: string; readonly state: { written: number } },
  ) {
    this.#file = file;
    this.#listing = listing;
    this.#options = options;
    this.#triesXet = options.client.settings.xet && file.xet !== undefined;
  }

  /** Whether the bytes that came are none of the file's. */
  get isWrong(): boolean {
    return this.#wrong;
  }

  async run(): Promise<void> {
    const { client: { settings }, signal, partial } = this.#options;
    using out = await Deno.open(partial, { read: true, write: true, create: true });
    using hash = openFileHash({ expected: this.#file.hash, size: this.#file.size });
    using flusher = new Flusher(partial);
    this.#out = out;
    this.#flusher = flusher;
    this.#hash = hash;
    const resumed = await this.#takeUp();
    // Xet storage has no hash of the whole: a plain download may still be right.
    let mayRestart = resumed || this.#triesXet;
    for (let attempt = 0; this.#at < this.#file.size || !await this.#isRight();) {
      if (this.#at === this.#file.size) {
        // The part that another run left may be to blame; bytes that came just now are the server's.
        if (!mayRestart) throw this.#wrongBytes(`its hash is ${this.#digest}`);
        mayRestart = false;
        await this.#restart();
        continue;
      }
      const before = this.#at;
      try {
        await this.#receive();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof InterruptedTransfer)) throw error;
        if (this.#at - before >= progressBytes) attempt = 0;
        if (attempt++ >= settings.retries) throw error.explanation;
        await delay(settings.retrySeconds * 2 ** (attempt - 1) * (0.5 + Math.random()), signal);
      }
    }
    await flusher.finish();
    await out.sync();
  }

  #digest: string | undefined;

  /** Whether all bytes have the listed hash. */
  async #isRight(): Promise<boolean> {
    this.#digest = await this.#hash.digest();
    return this.#digest === this.#file.hash;
  }

  #wrongBytes(found: string): HubError {
    const { path, hash, size } = this.#file;
    this.#wrong = true;
    return new HubError(
      `${this.#listing.id}: ${path}: what came is not what the hub lists (${size} bytes, hash ${hash}): ${found}; ` +
        `it was removed, try again or another ${this.#options.client.settings.endpointVariable ?? "HF_ENDPOINT"}`,
    );
  }

  /** Hashes what an earlier run has left. */
  async #takeUp(): Promise<boolean> {
    const { size } = await this.#out.stat();
    if (size > this.#file.size) await this.#out.truncate(0);
    else if (size > 0) {
      const { onBytes, signal, partial } = this.#options;
      await this.#hash.takeUp(partial);
      signal?.throwIfAborted();
      onBytes?.(size);
      this.#at = this.#options.state.written = size;
    }
    return this.#at > 0;
  }

  async #restart(): Promise<void> {
    await this.#out.truncate(0);
    await this.#hash.restart();
    this.#options.onBytes?.(-this.#at);
    this.#at = this.#options.state.written = 0;
  }

  /** Writes bytes behind those that are there; their memory comes back once they are hashed. */
  #write(block: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
    // While they are in the processor's cache: to hand them to another thread would cost more than to wait.
    for (let at = 0; at < block.byteLength;) at += this.#out.writeSync(block.subarray(at));
    this.#at += block.byteLength;
    this.#options.state.written = this.#at;
    this.#options.onBytes?.(block.byteLength);
    this.#flusher.wrote(block.byteLength);
    return this.#hash.add(block);
  }

  /** What is missing out of Xet storage; whatever goes wrong there, the next attempt is a plain download. */
  async #openXet(): Promise<Response | undefined> {
    if (!this.#triesXet) return undefined;
    this.#triesXet = false;
    const { client, signal } = this.#options;
    const body = await openXet(this.#file, this.#listing, { client, at: this.#at, signal }).catch(() => {
      signal?.throwIfAborted();
      return undefined;
    });
    return body && new Response(body);
  }

  /** What is missing by a plain download. */
  async #request(): Promise<Response> {
    const { client, signal } = this.#options;
    const { id, revision } = this.#listing;
    const { path, url } = this.#file;
    const response = await client.request(url ?? fileUrl(client, this.#listing, path), {
      subject: { id, revision, path },
      headers: this.#at > 0 ? { range: `bytes=${this.#at}-` } : {},
      answers: [416],
      signal,
    });
    const isPart = response.status === 206 && startOf(response) === this.#at;
    if (!isPart && this.#at > 0) await this.#restart();
    if (response.status === 416 || response.status === 206 && !isPart) {
      await response.body?.cancel();
      throw new InterruptedTransfer(new HubError(`${id}: ${path}: the server does not send the part that is missing`));
    }
    return response;
  }

  /** Asks for what is missing and writes what comes. */
  async #receive(): Promise<void> {
    const response = await this.#openXet() ?? await this.#request();
    const { client } = this.#options;
    const { id } = this.#listing;
    const { path, size } = this.#file;
    await this.#out.seek(this.#at, Deno.SeekMode.Start);
    const blocks = new BlockWriter((block) => this.#write(block));
    const room = size - this.#at;
    let come = 0;
    try {
      for await (const piece of piecesOf(response)) {
        come += piece.byteLength;
        if (come > room) break;
        await blocks.add(piece);
      }
    } catch (error) {
      // What came before the cut is good.
      await blocks.end();
      if (!(error instanceof BrokenBody)) throw error;
      throw new InterruptedTransfer(
        explainNetworkError(error.cause as Error, {
          host: client.host,
          answerSeconds: client.settings.stallSeconds,
          endpointVariable: client.settings.endpointVariable,
        }),
      );
    }
    await blocks.end();
    if (come > room) throw this.#wrongBytes("more bytes came");
    if (this.#at < size) {
      throw new InterruptedTransfer(
        new HubError(`${id}: ${path}: ${client.host} sent ${this.#at} of ${size} bytes; try again`),
      );
    }
  }
}

/** First byte of the part that an answer holds. */
function startOf({ headers }: Response): number | undefined {
  const match = /^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(headers.get("content-range") ?? "");
  return match ? Number(match[1]) : undefined;
}

/** A transfer that may be taken up again. */
class InterruptedTransfer extends Error {
  constructor(readonly explanation: HubError) {
    super(explanation.message);
  }
}

/** A body that ended with an error, which is not one of writing. */
class BrokenBody extends Error {}

/** The pieces of a body; each stays as it is until the next is asked for. */
async function* piecesOf({ body }: Response): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = openBody(body);
  try {
    for (let memory = new ArrayBuffer(pieceBytes);;) {
      const piece = await reader.read(new Uint8Array(memory)).catch((cause) => {
        throw new BrokenBody("the connection broke", { cause });
      });
      if (piece.byteLength === 0) return;
      yield piece;
      memory = piece.buffer;
    }
  } finally {
    await reader.cancel();
  }
}
