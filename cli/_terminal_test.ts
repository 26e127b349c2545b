import assert from "node:assert/strict";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { colourDepth, openTerminal, styled, type TerminalEnv, terminalVariables, warn } from "./_terminal.ts";

function depth(env: TerminalEnv, options: { isTerminal?: boolean; force?: boolean } = {}): number {
  return colourDepth(fakeTerminal({ env, ...options }), options);
}

Deno.test("colourDepth() follows what the environment says", () => {
  assert.equal(depth({ TERM: "xterm-256color", COLORTERM: "truecolor" }), 24);
  assert.equal(depth({ TERM: "xterm-kitty" }), 24);
  assert.equal(depth({ WT_SESSION: "1" }), 24);
  assert.equal(depth({ TERM: "screen", TMUX: "x" }), 8);
  assert.equal(depth({ TERM: "xterm-256color", TERM_PROGRAM: "Apple_Terminal" }), 8);
  assert.equal(depth({ TERM: "linux" }), 0);
  assert.equal(depth({}), 0);
});

Deno.test("NO_COLOR, a dumb terminal and a pipe have no colours", () => {
  const env = { TERM: "xterm-256color", COLORTERM: "truecolor" };
  assert.equal(depth({ ...env, NO_COLOR: "1" }), 0);
  assert.equal(depth({ ...env, NO_COLOR: "" }), 24);
  assert.equal(depth({ ...env, TERM: "dumb" }), 0);
  assert.equal(depth(env, { isTerminal: false }), 0);
  assert.equal(depth(env, { isTerminal: false, force: true }), 24);
  assert.equal(depth({ ...env, NO_COLOR: "1" }, { isTerminal: false, force: true }), 0);
});

Deno.test("styled() leaves text alone where there are no colours", () => {
  assert.equal(styled("text", "red", { terminal: fakeTerminal() }), "\x1b[31mtext\x1b[39m");
  assert.equal(styled("text", ["bold", "red"], { terminal: fakeTerminal({ isTerminal: false }) }), "text");
});

Deno.test("warn() writes one line and lets nothing steer the terminal", () => {
  const terminal = fakeTerminal({ isTerminal: false });
  warn("lost words: \x1b]0;title\x07\nerror: no", terminal);
  assert.deepEqual(terminal.written, ["warning: lost words: \\u{1b}]0;title\\u{7}\\u{a}error: no\n"]);
  const coloured = fakeTerminal();
  warn("look", coloured);
  assert.deepEqual(coloured.written, ["\x1b[33mwarning:\x1b[39m look\n"]);
});

const permissions = { env: [...terminalVariables] };
Deno.test("openTerminal() needs the variables that it names and nothing else", { permissions }, () => {
  const terminal = openTerminal("stderr");
  assert.equal(terminal.isTerminal, Deno.stderr.isTerminal());
  assert.equal(terminal.env.TERM, Deno.env.get("TERM"));
  assert.ok(terminal.columns() > 0);
});
