/**
 * Finds what somebody meant to write.
 * @module
 */

/** Edits that turn one word into the other: letters put in, taken out, changed, or two neighbours swapped. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      rows[i]![j] = Math.min(
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        rows[i - 1]![j - 1]! + (same ? 0 : 1),
        swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      );
    }
  }
  return rows[a.length]![b.length]!;
}

/** The name that differs least, apart from the case of letters, where that is less than half of it; undefined where none is. */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const wanted = name.slice(0, 64).toLowerCase();
  let [best, least]: [string | undefined, number] = [undefined, Infinity];
  for (const other of names) {
    const edits = distance(wanted, other.toLowerCase());
    if (edits < least && edits < Math.min(wanted.length, other.length) / 2) [best, least] = [other, edits];
  }
  return best;
}
