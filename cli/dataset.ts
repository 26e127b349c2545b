/**
 * `wuerstchen dataset`: what is in a data set, before a training is started.
 * @module
 */
import { Argument, Command } from "commander";
import { choiceOption } from "./_options.ts";

/** The flags of `dataset`, parsed. */
export interface DatasetFlags {
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const actions = ["check"] as const;

const examples = `
A data set is a folder of pictures (PNG of 8 or 16 bits, JPEG, WebP, NumPy arrays) with captions in .txt files beside them,
metadata.jsonl or CSV (file_name, and text or caption); WebDataset tars; or Parquet files with pictures inside.
The exit code is 3 where something is damaged, missing, or does not fit together.

Examples:
  wuerstchen dataset check ./pictures
  wuerstchen dataset check 'train-{000..010}.tar' --json
`;

/** Builds the command. */
export function datasetCommand(): Command {
  return new Command("dataset")
    .summary("check the pictures and captions of a data set")
    .description("Reads every picture and caption of a data set, and says what is there and what is amiss.")
    .addArgument(new Argument("<action>", "check").choices(actions).argParser(choiceOption("<action>", actions)))
    .argument("<folder>", "a folder, a .tar or .parquet file, or several as NAME-{000..010}.tar")
    .option("--quick", "walk the structure of each picture without decoding it; channels stay unknown")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (_action: typeof actions[number], path: string, flags: DatasetFlags) => {
      const { runDatasetCheck } = await import("./_run_dataset_check.ts");
      await runDatasetCheck(path, flags);
    });
}
