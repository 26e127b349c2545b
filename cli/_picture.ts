/**
 * Shows a picture on a terminal: as itself by the kitty or iTerm2 protocol, else as coloured half blocks.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Pixels } from "../images/pixels.ts";
import { renderHalfBlocks } from "./_half_blocks.ts";
import { colourDepth, type Terminal } from "./_terminal.ts";

/** A way to show a picture; `half blocks` in 24 or 8 bits of colour. */
export type PictureProtocol = "kitty" | "iterm2" | "half blocks 24" | "half blocks 8";

/** Options of {@linkcode showPicture} and {@linkcode pictureProtocol}. */
export interface PictureOptions {
  terminal: Terminal;
  /** Show it although the stream is a file or a pipe. `NO_COLOR` and `TERM=dumb` still hold. */
  force?: boolean;
}

/** Widest and narrowest picture in columns: small ones are enlarged where the terminal does the scaling. */
const maxColumns = 80;
const minColumns = 24;

/** Least height in rows, however small the window. */
const minRows = 6;

/** Width in pixels that is taken for a column's where the terminal does not say. */
const pixelsPerColumn = 10;

/** Payload of one kitty escape code in base64 characters; the protocol allows no more. */
const kittyChunk = 4096;

/** How a terminal would show a picture; undefined where it cannot or should not. */
export function pictureProtocol({ terminal, force = false }: PictureOptions): PictureProtocol | undefined {
  const depth = colourDepth(terminal, { force });
  const { env } = terminal;
  const term = env.TERM ?? "";
  if ((!terminal.isTerminal && !force) || (env.NO_COLOR ?? "") !== "" || term === "dumb") return undefined;
  // A multiplexer inherits the variables of the terminal around it, but does not pass its pictures on.
  const isMultiplexed = env.TMUX !== undefined || env.STY !== undefined || /^(screen|tmux)/.test(term);
  if (!isMultiplexed) {
    if (env.KITTY_WINDOW_ID !== undefined || /^xterm-(kitty|ghostty)$/.test(term) || env.TERM_PROGRAM === "ghostty") {
      return "kitty";
    }
    if (env.TERM_PROGRAM === "iTerm.app" || env.TERM_PROGRAM === "WezTerm") return "iterm2";
  }
  return depth === 24 ? "half blocks 24" : depth === 8 ? "half blocks 8" : undefined;
}

/**
 * Draws a picture, at most 80 columns wide and so high that it can be seen whole with a line above and below, and ends the line. It writes nothing where the terminal shows no pictures.
 *
 * @param png The same picture as a PNG, which kitty and iTerm2 decode themselves
 * @returns how it was shown
 */
export function showPicture(pixels: Pixels, png: Uint8Array, options: PictureOptions): PictureProtocol | undefined {
  const { terminal } = options;
  const protocol = pictureProtocol(options);
  // A row is about as high as two columns are wide.
  const visible = 2 * Math.max(minRows, terminal.rows() - 2);
  const fitting = Math.floor(visible * pixels.width / pixels.height);
  const room = Math.max(1, Math.min(maxColumns, terminal.columns(), fitting));
  const columns = Math.min(room, Math.max(minColumns, Math.ceil(pixels.width / pixelsPerColumn)));
  if (protocol === "kitty") terminal.write(kittyPicture(png, columns));
  else if (protocol === "iterm2") terminal.write(iterm2Picture(png, columns));
  else if (protocol !== undefined) {
    terminal.write(renderHalfBlocks(pixels, { columns: room, depth: protocol === "half blocks 24" ? 24 : 8 }));
  }
  return protocol;
}

/** Transmit and display (a=T) a PNG (f=100), scaled to columns, without an answer (q=2), in chunks (m=1 but for the last). */
function kittyPicture(png: Uint8Array, columns: number): string {
  const base64 = Buffer.from(png).toString("base64");
  let out = "";
  for (let at = 0; at < base64.length; at += kittyChunk) {
    const more = at + kittyChunk < base64.length ? 1 : 0;
    const keys = at === 0 ? `a=T,f=100,c=${columns},q=2,m=${more}` : `m=${more},q=2`;
    out += `\x1b_G${keys};${base64.slice(at, at + kittyChunk)}\x1b\\`;
  }
  return `${out}\n`;
}

function iterm2Picture(png: Uint8Array, columns: number): string {
  const base64 = Buffer.from(png).toString("base64");
  return `\x1b]1337;File=inline=1;size=${png.length};width=${columns};preserveAspectRatio=1:${base64}\x07\n`;
}
