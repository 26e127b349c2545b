/**
 * A file of JSON lines that grows, and survives being killed at any moment.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { isDiskFull } from "./atomic_write.ts";

/** A log that is open for appending. */
export class JsonlLog implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens a log, making it where there is none, and cuts off a line that a killed process left unfinished. */
  static async open(path: string): Promise<JsonlLog> {
    return new JsonlLog(path, await explained(path, () => openAtEnd(path)));
  }

  /**
   * Appends a line.
   *
   * @param options.sync waits until it is on the disk: it then outlasts a power cut
   * @throws {ResourceError} where the disk is full
   */
  async append(line: unknown, { sync = false }: { sync?: boolean } = {}): Promise<void> {
    await explained(this.#path, async () => {
      const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
      for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
      if (sync) await this.#file.sync();
    });
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

async function explained<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new ResourceError(`Cannot write ${path}: the disk is full; free some space and start again to go on`, {
      cause,
    });
  }
}

async function openAtEnd(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { create: true, read: true, write: true });
  const { size } = await file.stat();
  const tail = new Uint8Array(Math.min(size, 1 << 20));
  await file.seek(size - tail.length, Deno.SeekMode.Start);
  for (let at = 0; at < tail.length;) at += await file.read(tail.subarray(at)) ?? tail.length;
  const end = size - tail.length + tail.lastIndexOf(10) + 1;
  await file.truncate(end);
  await file.seek(end, Deno.SeekMode.Start);
  return file;
}
