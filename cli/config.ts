/**
 * `wuerstchen config`: the schema of experiments, and what an experiment's file comes to.
 * @module
 */
import { Argument, Command } from "commander";
import { appended, choiceOption } from "./_options.ts";

/** The flags of `config`, parsed. */
export interface ConfigFlags {
  readonly set?: readonly string[];
  readonly debug?: boolean;
}

const actions = ["schema", "show"] as const;

/** What `config` does. */
export type ConfigAction = typeof actions[number];

const examples = `
Examples:
  wuerstchen config schema > experiment.schema.json    then "$schema": "./experiment.schema.json" in an experiment, for editors
  wuerstchen config show steps.jsonc --set seeds=1-4   what the file, those that it extends, the environment and flags say together
`;

/** Builds the command. */
export function configCommand(): Command {
  return new Command("config")
    .summary("print the schema of experiments, or resolve one")
    .description("Prints the JSON Schema of experiments, or an experiment with everything that it says and leaves out.")
    .addArgument(
      new Argument("<action>", "schema or show").choices(actions).argParser(choiceOption("<action>", actions)),
    )
    .argument("[experiment]", "a .jsonc, .yaml or .toml file, for show")
    .option("--set <key=value>", "change a setting, such as priorSteps=10; may be repeated", appended)
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (action: ConfigAction, file: string | undefined, flags: ConfigFlags) => {
      const { runConfig } = await import("./_run_config.ts");
      await runConfig(action, file, flags);
    });
}
