/** A binary heap of numbers in one `Float64Array`: the smallest comes out first. */
export class MinHeap {
  readonly #values: Float64Array;
  #size = 0;

  /** @param capacity how many numbers may be in it at a time; a {@linkcode push} beyond that is lost */
  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  /** How many numbers are in it. */
  get size(): number {
    return this.#size;
  }

  /** Adds a number, in O(log n). */
  push(value: number): void {
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#values[parent]!;
      if (above <= value) break;
      this.#values[at] = above;
      at = parent;
    }
    this.#values[at] = value;
  }

  /** Takes out the smallest number, in O(log n); NaN when there is none. */
  pop(): number {
    if (this.#size === 0) return NaN;
    const values = this.#values;
    const top = values[0]!;
    const size = --this.#size;
    const value = values[size]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && values[child + 1]! < values[child]!) child++;
      const below = values[child]!;
      if (value <= below) break;
      values[at] = below;
      at = child;
    }
    values[at] = value;
    return top;
  }
}
