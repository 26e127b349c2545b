/**
 * `wuerstchen run`: experiments, from one picture to a study.
 * @module
 */
import { Command } from "commander";
import { maxThreads } from "../pipeline/limits.ts";
import { appended, integerOption } from "./_options.ts";

/** The flags of `run`, parsed. */
export interface RunFlags {
  readonly output?: string;
  readonly set?: readonly string[];
  readonly model?: string;
  readonly threads?: number;
  readonly allowPlugin?: readonly string[];
  readonly acceptLicense?: boolean;
  readonly ignoreMemory?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
EXPERIMENT is .jsonc, .yaml or .toml: what to paint, and what changes from picture to picture. Flags win over environment variables
(WUERSTCHEN_PRIOR_STEPS=10), those over the file, and the file over what it extends. The folder keeps pictures, results.jsonl, the
resolved configuration, the environment and report.html. What is there is not painted again, so a run that was stopped goes on.

Examples:
  wuerstchen run steps.jsonc --dry-run
  wuerstchen run steps.jsonc -o runs/steps
  wuerstchen run steps.jsonc --set sweep.grid.priorSteps=[5,10,20] --set seeds=1-4
  wuerstchen run --set "prompt=a red apple" --set seed=7 -o apple
  wuerstchen compare runs/steps runs/steps-2
  wuerstchen config schema > experiment.schema.json    then "$schema": "./experiment.schema.json", for editors
`;

/** Builds the command. */
export function runCommand(): Command {
  return new Command("run")
    .summary("run an experiment: one picture, or a study with a report")
    .description("Paints and measures what an experiment's file says, and writes a report that opens offline.")
    .argument("[experiment]", "a .jsonc, .yaml or .toml file; without one, --set says everything")
    .option("-o, --output <folder>", "folder of the run (default: runs/NAME)")
    .option("--set <key=value>", "change a setting, such as priorSteps=10; may be repeated", appended)
    .option("--model <name|folder>", "same as --set model=…")
    .option("-t, --threads <n>", "same as --set threads=…", integerOption("--threads", { min: 1, max: maxThreads }))
    .option("--dry-run", "print how many pictures there are, time and memory, and paint none")
    .option(
      "--allow-plugin <file>",
      "load a plugin from a file, npm:… or https://…, which then runs with all rights of this program; may be repeated",
      appended,
    )
    .option(
      "--accept-license",
      "accept the licence of a model on the hub that allows no commercial use; it is remembered",
    )
    .option("--ignore-memory", "try what needs more memory than is free, in place of refusing it")
    .option("--json", "one JSON object at the end on standard output")
    .option("--jsonl", "one JSON object an event on standard output")
    .option("-q, --quiet", "print the report's path only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (file: string | undefined, flags: RunFlags) => {
      const { runRun } = await import("./_run_run.ts");
      await runRun(file, flags);
    });
}
