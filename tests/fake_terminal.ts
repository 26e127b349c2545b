/**
 * A terminal that remembers what was written to it.
 * @module
 */
import type { Terminal, TerminalEnv } from "../cli/_terminal.ts";

/** A {@linkcode Terminal} for tests. */
export interface FakeTerminal extends Terminal {
  /** Every text that was written, in order. */
  readonly written: string[];
}

/** Makes one: a colour terminal of 80 columns and 24 rows unless told otherwise. */
export function fakeTerminal(
  { isTerminal = true, columns = 80, rows = 24, env = { TERM: "xterm-256color", COLORTERM: "truecolor" } }: {
    isTerminal?: boolean;
    columns?: number;
    rows?: number;
    env?: TerminalEnv;
  } = {},
): FakeTerminal {
  const written: string[] = [];
  return {
    isTerminal,
    env,
    written,
    columns: () => columns,
    rows: () => rows,
    write: (text) => void written.push(text),
  };
}
