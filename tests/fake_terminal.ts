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

/** Makes one: a colour terminal of 80 columns unless told otherwise. */
export function fakeTerminal(
  { isTerminal = true, columns = 80, env = { TERM: "xterm-256color", COLORTERM: "truecolor" } }: {
    isTerminal?: boolean;
    columns?: number;
    env?: TerminalEnv;
  } = {},
): FakeTerminal {
  const written: string[] = [];
  return { isTerminal, env, written, columns: () => columns, write: (text) => void written.push(text) };
}
