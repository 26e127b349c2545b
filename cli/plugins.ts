/**
 * `wuerstchen plugins`: which plugins there are, what one takes, and a beginning for one's own.
 * @module
 */
import { Argument, Command } from "commander";
import { appended, choiceOption } from "./_options.ts";

/** The flags of `plugins`, parsed. */
export interface PluginsFlags {
  readonly allowPlugin?: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const actions = ["list", "show", "new"] as const;

/** What `plugins` does. */
export type PluginsAction = typeof actions[number];

const examples = `
Examples:
  wuerstchen plugins list scheduler
  wuerstchen plugins show ddim
  wuerstchen plugins new scheduler my_sampler     writes my_sampler.ts and my_sampler_test.ts
  wuerstchen generate "a fox" --allow-plugin ./my_sampler.ts --prior-scheduler my-sampler
`;

/** Builds the command. */
export function pluginsCommand(): Command {
  return new Command("plugins")
    .summary("list and show plugins, and begin one")
    .description(
      "Lists plugins (schedulers, priors and more), shows the options of one, or writes the beginning of a new one.",
    )
    .addArgument(
      new Argument("<action>", "list, show or new").choices(actions).argParser(choiceOption("<action>", actions)),
    )
    .argument("[words...]", "list [KIND], show NAME, or new KIND NAME")
    .option("--allow-plugin <file>", "also load a plugin from a file, npm:… or https://…; may be repeated", appended)
    .option("--force", "replace files that are there")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (action: PluginsAction, words: readonly string[], flags: PluginsFlags) => {
      const { runPlugins } = await import("./_run_plugins.ts");
      await runPlugins(action, words, flags);
    });
}
