/**
 * `wuerstchen compare`: two runs of experiments, one beside the other.
 * @module
 */
import { Command } from "commander";

/** The flags of `compare`, parsed. */
export interface CompareFlags {
  readonly html?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const examples = `
Cells belong together that have the same settings, seed and repeat; settings in which whole runs differ are listed first. Differences are
means over the pairs with 95 % confidence intervals.

Examples:
  wuerstchen compare runs/before runs/after
  wuerstchen compare runs/before runs/after --html comparison.html    pictures side by side, too
  wuerstchen compare runs/fp32 runs/int8 --json
`;

/** Builds the command. */
export function compareCommand(): Command {
  return new Command("compare")
    .summary("compare two runs of experiments")
    .description("Compares what two runs measured: metrics, time, operations and memory, pair by pair.")
    .argument("<run-folder>", "folder of a run")
    .argument("<other-folder>", "folder of another run")
    .option("--html <file>", "write a page that stands alone, with pictures side by side")
    .option("--force", "replace the page's file")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (a: string, b: string, flags: CompareFlags) => {
      const { runCompare } = await import("./_run_compare.ts");
      await runCompare(a, b, flags);
    });
}
