#!/usr/bin/env -S deno run -A
/**
 * The command line. Standard output carries results, standard error everything else; the exit code says what went wrong.
 * @module
 */
import { exitCodeOf, exitCodes, explainError, oneLine, stackOf } from "./_errors.ts";
import { addPluginFlags } from "./_plugin_flags.ts";
import { createProgram } from "./_program.ts";
import { shellQuote } from "../config/shell_quote.ts";

/** Errors with which commander says that help or the version has been shown. */
const shown = ["commander.help", "commander.helpDisplayed", "commander.version"];

/**
 * Runs one command.
 *
 * @param args what stands behind the program's name
 * @returns the exit code; an error has been printed to standard error
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const program = createProgram();
    await addPluginFlags(program, args);
    await program.parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    const { code, exitCode } = error as { code?: string; exitCode?: number };
    if (shown.includes(code ?? "")) return exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    printError(error, args);
    return exitCodeOf(error);
  }
}

function printError(error: unknown, args: readonly string[]): void {
  let line = explainError(error);
  if (line === "") return;
  const { code } = error as { code?: string };
  const [first = ""] = args;
  if (code === "commander.unknownCommand" && first.includes(" ")) {
    line += `: to paint it, wuerstchen generate ${oneLine(shellQuote(first))}`;
  } else if (code?.startsWith("commander.")) {
    const command = code === "commander.unknownCommand" || first.startsWith("-") ? "" : `${first} `;
    line += `: see wuerstchen ${command}--help`;
  }
  console.error(`error: ${line}`);
  if (args.includes("--debug")) console.error(stackOf(error));
}

if (import.meta.main) {
  // Nothing should get here; if it does, it is one line and a code too.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    printError(event.reason, Deno.args);
    Deno.exit(exitCodeOf(event.reason));
  });
  Deno.exit(await main(Deno.args));
}
