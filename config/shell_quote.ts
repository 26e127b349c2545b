/**
 * Quotes a word for a command line that is shown to people, to be pasted into a POSIX shell.
 * @module
 */

/** Words that no shell changes. */
const plain = /^[\w@%+=:,./-]+$/;

/** What means something between double quotes, and `!`, which an interactive bash takes for its history. */
const special = /["$`\\!]/;

/**
 * Returns the word as it is where that is safe, else in double or single quotes.
 *
 * Control characters stay: show the result with `visibleText`.
 */
export function shellQuote(word: string): string {
  if (plain.test(word)) return word;
  return special.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`;
}

/** The same for the path of a file: one that begins with `-` is no flag then. */
export function shellPath(path: string): string {
  return shellQuote(path.startsWith("-") ? `./${path}` : path);
}
