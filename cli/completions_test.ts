import assert from "node:assert/strict";
import { Command } from "commander";
import { createProgram } from "./_program.ts";
import { completionScript } from "./completions.ts";

/** Asks bash to complete `words`, the last of which is being typed. */
async function completeInBash(...words: string[]): Promise<string[]> {
  const script = `${completionScript(createProgram(), "bash")}
compopt() { :; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_wuerstchen
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, code } = await new Deno.Command("bash", {
    args: ["--norc", "-c", script, "bash", "wuerstchen", ...words],
    cwd: import.meta.dirname!,
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "");
}

Deno.test("bash completes commands, flags, words of a flag, files and folders", async () => {
  assert.deepEqual(await completeInBash(""), [
    "generate",
    "run",
    "compare",
    "config",
    "info",
    "inspect",
    "reconstruct",
    "plan",
    "doctor",
    "plugins",
    "pull",
    "bundle",
    "cache",
    "push",
    "dataset",
    "train",
    "eval",
    "convert",
    "quantize",
    "verify",
    "export",
    "lora",
    "completions",
  ]);
  assert.deepEqual(await completeInBash("in"), ["info", "inspect"]);
  assert.deepEqual(await completeInBash("--v"), ["--version"]);
  assert.deepEqual(await completeInBash("generate", "--prior-st"), [
    "--prior-steps",
    "--prior-start-step",
    "--prior-stop-step",
  ]);
  assert.deepEqual(await completeInBash("generate", "a dog", "--format", "j"), ["jpg"]);
  assert.deepEqual(await completeInBash("generate", "--rng", ""), ["torch", "stream"]);
  assert.deepEqual(await completeInBash("generate", "--steps", ""), []);
  assert.deepEqual(await completeInBash("generate", "-C", "completions_t"), ["completions_test.ts"]);
  assert.deepEqual(await completeInBash("generate", "--model", "../mod"), ["../models"]);
  assert.deepEqual(await completeInBash("info", "completions_t"), ["completions_test.ts"]);
  assert.deepEqual(await completeInBash("completions", "z"), ["zsh"]);
});

Deno.test("every visible flag of every command stands in each script", () => {
  const program = createProgram();
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(program, shell);
    for (const command of program.commands) {
      assert.ok(script.includes(command.name()), `${shell}: ${command.name()}`);
      for (const { long, short } of command.options) {
        const wanted = shell === "fish" ? `-l ${long!.slice(2)}` : long!;
        assert.ok(script.includes(wanted), `${shell}: ${long}`);
        if (short) assert.ok(script.includes(shell === "fish" ? `-s ${short.slice(1)} ` : short), `${shell}: ${short}`);
      }
    }
  }
});

Deno.test("quotes, brackets and colons of a help text stay inside their quotes", () => {
  const program = new Command("tool").addCommand(
    new Command("run").summary("run it").option("-x, --exact <file>", "the model's [own]: $HOME and \\ too"),
  );
  const zsh = completionScript(program, "zsh");
  assert.ok(
    zsh.includes(`'(-x --exact)'{-x,--exact}'[the model'\\''s \\[own\\]\\: $HOME and \\\\ too]:value:_files'`),
    zsh,
  );
  const fish = completionScript(program, "fish");
  assert.ok(fish.includes(`-s x -l exact -r -F -d 'the model\\'s [own]: $HOME and \\\\ too'`), fish);
});
