const capacity = 2 ** 16;
const most = 3 * 2 ** 14;

/**
 * A hash table from two whole numbers of 0 to 2³¹ − 1 to a third of -1 to 2³¹ − 2, of bounded size: full, it forgets
 * everything.
 *
 * Several times as fast as a `Map`, whose keys would be boxed numbers here.
 */
export class PairTable {
  /** Three numbers an entry: left, right, value + 2; a free entry has 0 there. */
  readonly #entries = new Int32Array(3 * capacity);
  #size = 0;

  /** Returns the value of a pair, `undefined` if it has none. */
  get(left: number, right: number): number | undefined {
    const value = this.#entries[this.#find(left, right) + 2]!;
    return value === 0 ? undefined : value - 2;
  }

  /** Gives a pair its value. */
  set(left: number, right: number, value: number): void {
    if (this.#size >= most) {
      this.#entries.fill(0);
      this.#size = 0;
    }
    const at = this.#find(left, right);
    if (this.#entries[at + 2] === 0) this.#size++;
    this.#entries[at] = left;
    this.#entries[at + 1] = right;
    this.#entries[at + 2] = value + 2;
  }

  /** Where the pair is, else the free entry where it would go. */
  #find(left: number, right: number): number {
    const entries = this.#entries;
    let slot = ((Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 8) % capacity;
    for (;;) {
      const at = 3 * slot;
      if (entries[at + 2] === 0 || entries[at] === left && entries[at + 1] === right) return at;
      slot = (slot + 1) % capacity;
    }
  }
}
