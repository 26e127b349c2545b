/**
 * Gathers pieces to blocks that are worth a write.
 * @module
 */

/** Bytes of a block, and how many of them there are at most: some are in work while one fills. */
const blockBytes = 1 << 20;
const blockCount = 4;

/** Hands blocks on behind the back of whoever brings the pieces, and makes him wait where he is faster. */
export class BlockWriter {
  readonly #write: (block: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;
  #block = new Uint8Array(blockBytes);
  #length = 0;
  /** Writes under way, the oldest first. */
  readonly #writing: Promise<ArrayBuffer>[] = [];

  /** @param write writes a block, which lies at the begin of its memory, and hands that memory back; it is not called in between */
  constructor(write: (block: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>) {
    this.#write = write;
  }

  /**
   * Takes a piece.
   *
   * @throws what an earlier write has thrown
   */
  async add(piece: Uint8Array): Promise<void> {
    for (let rest = piece; rest.byteLength > 0;) {
      const fitting = rest.subarray(0, blockBytes - this.#length);
      this.#block.set(fitting, this.#length);
      this.#length += fitting.byteLength;
      rest = rest.subarray(fitting.byteLength);
      if (this.#length < blockBytes) continue;
      this.#send();
      const memory = this.#writing.length < blockCount ? new ArrayBuffer(blockBytes) : await this.#writing.shift()!;
      this.#block = new Uint8Array(memory);
    }
  }

  /** Writes what is left, and waits for all. */
  async end(): Promise<void> {
    if (this.#length > 0) this.#send();
    await Promise.all(this.#writing.splice(0));
  }

  #send(): void {
    const block = this.#block.subarray(0, this.#length);
    // Whatever comes of it, it is written once.
    this.#length = 0;
    const writing = this.#write(block);
    // Whoever waits for it is told; before that it is nobody's.
    writing.catch(() => {});
    this.#writing.push(writing);
  }
}
