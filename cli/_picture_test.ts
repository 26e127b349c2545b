import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Pixels } from "../images/pixels.ts";
import { encodePng } from "../images/png_encode.ts";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { pictureProtocol, showPicture } from "./_picture.ts";
import type { TerminalEnv } from "./_terminal.ts";

// Noise, so that the PNG takes several of kitty's chunks.
let state = 1;
const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => (state = Math.imul(state, 1664525) + 1013904223) >>> 24);
const pixels: Pixels = { width: 64, height: 64, channels: 3, data };
const png = encodePng(pixels);

function protocol(env: TerminalEnv, options: { isTerminal?: boolean; force?: boolean } = {}): string | undefined {
  return pictureProtocol({ terminal: fakeTerminal({ env, ...options }), ...options });
}

Deno.test("the protocol follows the terminal", () => {
  assert.equal(protocol({ TERM: "xterm-kitty" }), "kitty");
  assert.equal(protocol({ TERM: "xterm-256color", KITTY_WINDOW_ID: "1" }), "kitty");
  assert.equal(protocol({ TERM: "xterm-256color", TERM_PROGRAM: "ghostty" }), "kitty");
  assert.equal(protocol({ TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app" }), "iterm2");
  assert.equal(protocol({ TERM: "xterm-256color", TERM_PROGRAM: "WezTerm" }), "iterm2");
  assert.equal(protocol({ TERM: "xterm-256color", COLORTERM: "truecolor" }), "half blocks 24");
  assert.equal(protocol({ TERM: "xterm-256color" }), "half blocks 8");
  assert.equal(protocol({ TERM: "linux" }), undefined);
});

Deno.test("inside of tmux and screen it is half blocks", () => {
  assert.equal(protocol({ TERM: "tmux-256color", KITTY_WINDOW_ID: "1", TMUX: "/tmp/x" }), "half blocks 8");
  assert.equal(protocol({ TERM: "screen", TERM_PROGRAM: "iTerm.app", STY: "1", COLORTERM: "24bit" }), "half blocks 24");
});

Deno.test("NO_COLOR, a dumb terminal or a pipe shows nothing; force opens the pipe only", () => {
  const env = { TERM: "xterm-kitty" };
  for (const off of [{ ...env, NO_COLOR: "1" }, { ...env, TERM: "dumb", KITTY_WINDOW_ID: "1" }]) {
    assert.equal(protocol(off), undefined);
    assert.equal(protocol(off, { force: true }), undefined);
  }
  assert.equal(protocol(env, { isTerminal: false }), undefined);
  assert.equal(protocol(env, { isTerminal: false, force: true }), "kitty");
  const terminal = fakeTerminal({ isTerminal: false });
  assert.equal(showPicture(pixels, png, { terminal }), undefined);
  assert.deepEqual(terminal.written, []);
});

Deno.test("kitty gets the PNG in chunks of at most 4096 characters, the last marked", () => {
  const terminal = fakeTerminal({ env: { TERM: "xterm-kitty" }, columns: 20 });
  assert.equal(showPicture(pixels, png, { terminal }), "kitty");
  // deno-lint-ignore no-control-regex
  const chunks = [...terminal.written.join("").matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)];
  assert.ok(chunks.length > 2);
  assert.equal(chunks[0]![1], "a=T,f=100,c=20,q=2,m=1");
  assert.deepEqual(chunks.map(([, keys]) => keys!.includes("m=1")), chunks.map((_, i) => i < chunks.length - 1));
  assert.ok(chunks.every(([, , payload]) => payload!.length <= 4096));
  assert.deepEqual(Buffer.from(chunks.map(([, , payload]) => payload).join(""), "base64"), Buffer.from(png));
  assert.ok(terminal.written.join("").endsWith("\x1b\\\n"));
});

Deno.test("iTerm2 gets the PNG inline with its size", () => {
  const terminal = fakeTerminal({ env: { TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app" } });
  assert.equal(showPicture(pixels, png, { terminal }), "iterm2");
  // deno-lint-ignore no-control-regex
  const found = /^\x1b\]1337;File=inline=1;size=(\d+);width=24;preserveAspectRatio=1:(.*)\x07\n$/.exec(
    terminal.written.join(""),
  );
  assert.equal(Number(found?.[1]), png.length);
  assert.deepEqual(Buffer.from(found![2]!, "base64"), Buffer.from(png));
});

Deno.test("half blocks fit the terminal and 80 columns", () => {
  for (const [columns, width] of [[30, 30], [200, 64]] as const) {
    const terminal = fakeTerminal({ columns, rows: 100 });
    assert.equal(showPicture(pixels, png, { terminal }), "half blocks 24");
    assert.equal(terminal.written.join("").match(/▀/g)!.length, width * Math.ceil(width / 2));
  }
});

Deno.test("a picture is no higher than the window less two lines, by every protocol", () => {
  const tall: Pixels = { width: 64, height: 128, channels: 3, data: new Uint8Array(64 * 128 * 3) };
  for (const [rows, lines] of [[24, 22], [10, 8], [2, 6]] as const) {
    const terminal = fakeTerminal({ columns: 200, rows });
    showPicture(tall, png, { terminal });
    const drawn = terminal.written.join("").split("\n").slice(0, -1);
    assert.deepEqual([drawn.length, drawn[0]!.match(/▀/g)!.length], [lines, lines]);
    const kitty = fakeTerminal({ env: { TERM: "xterm-kitty" }, columns: 200, rows });
    showPicture(tall, png, { terminal: kitty });
    assert.match(kitty.written.join(""), new RegExp(`a=T,f=100,c=${lines},`));
    const iterm = fakeTerminal({ env: { TERM: "xterm", TERM_PROGRAM: "iTerm.app" }, columns: 200, rows });
    showPicture(tall, png, { terminal: iterm });
    assert.match(iterm.written.join(""), new RegExp(`;width=${lines};`));
  }
});
