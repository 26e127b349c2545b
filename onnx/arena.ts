/**
 * What ONNX Runtime's memory arena takes for a sequence of allocations
 * (https://github.com/microsoft/onnxruntime/blob/v1.30.0/onnxruntime/core/framework/bfc_arena.cc).
 * @module
 */

/** A piece of a region, in use or free. */
interface Chunk {
  readonly start: number;
  size: number;
  free: boolean;
  /** Start of the region, which was asked for as one. */
  readonly region: number;
}

/** Chunks are multiples of this. */
const grain = 256;

const mebibyte = 2 ** 20;

/** A free chunk that is larger than asked for by this is divided, even if not twice as large. */
const largestRest = 128 * mebibyte;

/** Regions double in size up to this, or are as large as what is asked for. */
const largestRegion = 1024 * mebibyte;

/**
 * An arena without memory: best fit with coalescing, in regions whose sizes double. The system gives memory to pages that are
 * written, so what counts is which addresses were ever in use.
 */
export class Arena {
  /** In the order of their addresses. */
  readonly #chunks: Chunk[] = [];
  readonly #byStart = new Map<number, Chunk>();
  /** Highest address in use so far, by region. */
  readonly #touched = new Map<number, number>();
  #nextRegion = mebibyte;
  #end = 0;

  /** Takes `bytes` and returns their address. */
  allocate(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / grain)) * grain;
    const chunk = this.#bestFit(size) ?? this.#extend(size);
    if (chunk.size >= 2 * size || chunk.size - size >= largestRest) this.#divide(chunk, size);
    chunk.free = false;
    this.#touched.set(chunk.region, Math.max(this.#touched.get(chunk.region) ?? 0, chunk.start + bytes));
    return chunk.start;
  }

  /** Gives back what {@linkcode Arena.allocate} took. */
  release(start: number): void {
    const chunk = this.#byStart.get(start)!;
    chunk.free = true;
    const at = this.#chunks.indexOf(chunk);
    this.#merge(at);
    this.#merge(at - 1);
  }

  /** Bytes that were in use at some time, addresses that were used again counting once. */
  get bytes(): number {
    return [...this.#touched].reduce((sum, [region, end]) => sum + end - region, 0);
  }

  #bestFit(size: number): Chunk | undefined {
    let best: Chunk | undefined;
    for (const chunk of this.#chunks) {
      if (!chunk.free || chunk.size < size) continue;
      // Among equals the lowest address is taken, and the system places each new region below the last one.
      const isBetter = !best || chunk.size < best.size || (chunk.size === best.size && chunk.region > best.region);
      if (isBetter) best = chunk;
    }
    return best;
  }

  #extend(size: number): Chunk {
    const grows = this.#nextRegion < size;
    while (this.#nextRegion < size) this.#nextRegion *= 2;
    const chunk = { start: this.#end, size: this.#nextRegion, free: true, region: this.#end };
    this.#end += chunk.size;
    if (!grows) this.#nextRegion = Math.min(2 * this.#nextRegion, largestRegion);
    this.#chunks.push(chunk);
    this.#byStart.set(chunk.start, chunk);
    return chunk;
  }

  #divide(chunk: Chunk, size: number): void {
    const rest = { start: chunk.start + size, size: chunk.size - size, free: true, region: chunk.region };
    chunk.size = size;
    this.#chunks.splice(this.#chunks.indexOf(chunk) + 1, 0, rest);
    this.#byStart.set(rest.start, rest);
  }

  /** Joins the chunk at `at` with the next one, where both are free. */
  #merge(at: number): void {
    const [chunk, next] = [this.#chunks[at], this.#chunks[at + 1]];
    if (!chunk?.free || !next?.free || chunk.region !== next.region) return;
    chunk.size += next.size;
    this.#chunks.splice(at + 1, 1);
    this.#byStart.delete(next.start);
  }
}
