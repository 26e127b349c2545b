/**
 * The terminal: where output goes, what it can show, and styled lines. Nothing but this module and those that take a
 * {@linkcode Terminal} (`_picture.ts`, `_progress.ts`) draws.
 * @module
 */
import { styleText } from "node:util";
import { OutputClosedError } from "./_errors.ts";
import { writeOut } from "./_stdout.ts";
import { visibleText } from "./_text_width.ts";

/** Environment variables that say what a terminal can do. */
export const terminalVariables = [
  "COLORTERM",
  "KITTY_WINDOW_ID",
  "NO_COLOR",
  "STY",
  "TERM",
  "TERM_PROGRAM",
  "TMUX",
  "WT_SESSION",
] as const;

/** Their values, as far as they are set. */
export type TerminalEnv = { readonly [name in typeof terminalVariables[number]]?: string };

/** A stream that may be a terminal. */
export interface Terminal {
  /** False for files and pipes. */
  readonly isTerminal: boolean;
  readonly env: TerminalEnv;
  /** Writes all of the text before it returns. */
  write(text: string): void;
  /** Columns at this moment: windows change. */
  columns(): number;
  /** Lines at this moment. */
  rows(): number;
}

/**
 * The process's standard output or standard error.
 *
 * A closed pipe behind standard error is ignored, because work should not end for want of an audience; behind standard output
 * `write` throws an {@linkcode OutputClosedError}. Variables that `--allow-env` does not cover count as not set.
 */
export function openTerminal(name: "stdout" | "stderr"): Terminal {
  const stream = Deno[name];
  const set = terminalVariables.flatMap((variable) => {
    const { state } = Deno.permissions.querySync({ name: "env", variable });
    const value = state === "granted" ? Deno.env.get(variable) : undefined;
    return value === undefined ? [] : [[variable, value]];
  });
  return {
    isTerminal: stream.isTerminal(),
    env: Object.fromEntries(set),
    write(text) {
      try {
        writeOut(text, stream);
      } catch (error) {
        if (name === "stdout" || !(error instanceof OutputClosedError)) throw error;
      }
    },
    columns: () => consoleSize().columns,
    rows: () => consoleSize().rows,
  };
}

/** Size of the console, or the 80 × 24 of a classic one where there is none. */
function consoleSize(): { columns: number; rows: number } {
  const classic = { columns: 80, rows: 24 };
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || classic.columns, rows: rows || classic.rows };
  } catch {
    return classic;
  }
}

/** Whether a line can be drawn anew: a file cannot, nor can `TERM=dumb` (an editor's shell), which shows control codes as they are. */
export function canRedraw({ isTerminal, env }: Pick<Terminal, "isTerminal" | "env">): boolean {
  return isTerminal && env.TERM !== "dumb";
}

/**
 * Bits of colour that a terminal shows: 24, 8 (256 colours), or 0 for a file, `NO_COLOR`, a dumb or an unknown terminal.
 *
 * @param force Take a file or pipe for a terminal
 */
export function colourDepth({ isTerminal, env }: Terminal, { force = false }: { force?: boolean } = {}): 0 | 8 | 24 {
  const { TERM: term = "", COLORTERM: colours = "", TERM_PROGRAM: program = "" } = env;
  // A set but empty NO_COLOR counts as not set (no-color.org).
  if ((!isTerminal && !force) || (env.NO_COLOR ?? "") !== "" || term === "dumb") return 0;
  if (/^(truecolor|24bit)$/.test(colours) || env.WT_SESSION !== undefined || term.endsWith("-direct")) return 24;
  if (/kitty|ghostty|alacritty|foot/.test(term) || /^(iTerm\.app|WezTerm|ghostty|vscode)$/.test(program)) return 24;
  return /^(xterm|screen|tmux|rxvt|konsole|gnome|putty)|256color/.test(term) ? 8 : 0;
}

/** How text is to look, in the words of node:util's `styleText`. */
export type TextStyle = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Text in a style where the terminal shows colours, else as it is. */
export function styled(text: string, style: TextStyle | TextStyle[], { terminal }: { terminal: Terminal }): string {
  return colourDepth(terminal) === 0 ? text : styleText(style, text, { validateStream: false });
}

/** Writes one line `warning: …`; characters that could steer the terminal are written out. */
export function warn(message: string, terminal: Terminal): void {
  terminal.write(`${styled("warning:", "yellow", { terminal })} ${visibleText(message)}\n`);
}
