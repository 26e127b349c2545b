/** A pair of tokens as one number, with how often it was seen. */
export interface CountedPair {
  /** left · 2¹⁶ + right. */
  readonly pair: number;
  readonly count: number;
}

/** A binary heap of pairs: the most frequent comes out first, of equals the one with the smallest number. */
export class PairQueue {
  readonly #entries: CountedPair[] = [];

  /** Adds a pair, in O(log n). One that is added again, with another count, is in the queue twice. */
  push(entry: CountedPair): void {
    const entries = this.#entries;
    let at = entries.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  /** Takes out the first pair, in O(log n); `undefined` when there is none. */
  pop(): CountedPair | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child++;
      if (!isBefore(entries[child]!, last)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = last;
    return top;
  }
}

function isBefore(a: CountedPair, b: CountedPair): boolean {
  return a.count > b.count || a.count === b.count && a.pair < b.pair;
}
