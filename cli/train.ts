/**
 * `wuerstchen train`: makes a model of one's own.
 * @module
 */
import { Command } from "commander";

/** The flags of `train`, parsed. */
export interface TrainFlags {
  readonly output?: string;
  readonly set?: readonly string[];
  readonly acceptChanges?: boolean;
  readonly ignoreMemory?: boolean;
  readonly schema?: boolean;
  readonly jsonl?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
CONFIG is JSON with comments: data, sizes of the networks, and the phases stageA, stageB, stageC and preview.
A run that was interrupted goes on bit for bit when it is started again with the same folder.

Examples:
  wuerstchen train icons.jsonc -o runs/icons
  wuerstchen train icons.jsonc -o runs/icons --set stageB.steps=20000
  wuerstchen generate --model runs/icons/model "a red house"
  wuerstchen train --schema > train.schema.json    then "$schema": "./train.schema.json" in CONFIG, for editors
`;

/** Collects the values of a flag that may be repeated. */
function append(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

/** Builds the command. */
export function trainCommand(): Command {
  return new Command("train")
    .summary("train all three stages on your own pictures")
    .description("Trains Stage A, Stage B with the semantic compressor, and Stage C, as a configuration says.")
    .argument("[config]", "a .jsonc file")
    .option("-o, --output <folder>", "folder of the run: log, report, samples, checkpoints, model (default: runs/NAME)")
    .option("--set <key=value>", "change a setting, such as stageA.steps=100; may be repeated", append)
    .option("--accept-changes", "go on with a run although the configuration has changed")
    .option("--ignore-memory", "try what needs more memory than is free, in place of refusing it")
    .option("--schema", "print the JSON Schema of CONFIG, with every setting explained, and train nothing")
    .option("--jsonl", "print the lines of the log")
    .option("-q, --quiet", "print the model's path only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (config: string | undefined, flags: TrainFlags) => {
      const { runTrain } = await import("./_run_train.ts");
      await runTrain(config, flags);
    });
}
