/**
 * Reads bodies into memory that is used again, where they can do so.
 * @module
 */

/** Bytes that are asked for at once: as many as a connection hands out. */
export const pieceBytes = 512 << 10;

/** Reads a body piece by piece. */
export interface BodyReader {
  /**
   * Reads some bytes into a view, whose memory goes with it.
   *
   * @returns the bytes that came, over the same memory; none of them at the end
   */
  read(view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends the body early. */
  cancel(reason?: unknown): Promise<void>;
}

/** Opens a body: its bytes come straight from the connection where it is a stream of bytes, and are copied where it is one of pieces. */
export function openBody(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  try {
    return new DirectReader(body.getReader({ mode: "byob" }));
  } catch {
    return new CopyingReader(body.getReader());
  }
}

class DirectReader implements BodyReader {
  readonly #reader: ReadableStreamBYOBReader;

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader;
  }

  async read(view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const { value } = await this.#reader.read(view);
    // A body that was cancelled gives no memory back.
    return value ?? new Uint8Array(0);
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason).catch(() => {});
  }
}

class CopyingReader implements BodyReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #rest = new Uint8Array(0);

  constructor(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>) {
    this.#reader = reader;
  }

  async read(view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#rest.byteLength === 0) {
      const { done, value } = await this.#reader.read();
      if (done) return view.subarray(0, 0);
      this.#rest = value;
    }
    const piece = this.#rest.subarray(0, view.byteLength);
    view.set(piece);
    this.#rest = this.#rest.subarray(piece.byteLength);
    return view.subarray(0, piece.byteLength);
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason).catch(() => {});
  }
}
