/**
 * `wuerstchen push`: puts a model onto the hub.
 * @module
 */
import { Command } from "commander";

/** The flags of `push`, parsed. */
export interface PushFlags {
  readonly private?: boolean;
  readonly message?: string;
  readonly license?: string;
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
Needs a token that may write (HF_TOKEN, or hf auth login). The repository is made where it is not there. A folder without README.md gets
a model card; one that wuerstchen train wrote gets its training's numbers and report.html too.

Examples:
  wuerstchen push runs/icons/model me/icons --license mit
  wuerstchen push runs/icons/model me/icons --dry-run     what would be pushed
`;

/** Builds the command. */
export function pushCommand(): Command {
  return new Command("push")
    .summary("put a model onto the hub")
    .description("Pushes a model's folder to a repository on the hub, with a model card, and prints where it is.")
    .argument("<folder>", "a model's folder, such as runs/icons/model")
    .argument("<repository>", "its name on the hub, org/name")
    .option("--private", "make a private repository")
    .option("-m, --message <text>", "what the commit is called")
    .option("--license <name>", "licence for the model card that is written, such as mit")
    .option("--run <folder>", "folder of the training, for its report (default: the one that the model is in)")
    .option("--dry-run", "list what would be pushed, and push nothing")
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print the address only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (folder: string, repository: string, flags: PushFlags) => {
      const { runPush } = await import("./_run_push.ts");
      await runPush(folder, repository, flags);
    });
}
