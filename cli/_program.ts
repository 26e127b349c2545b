/**
 * The tree of commands. Building it loads no model code, so that help and completions are quick.
 * @module
 */
import { Command, Option } from "commander";
import config from "../deno.json" with { type: "json" };
import { version } from "../version.ts";
import { bundleCommand } from "./bundle.ts";
import { cacheCommand } from "./cache.ts";
import { completionsCommand } from "./completions.ts";
import { compareCommand } from "./compare.ts";
import { configCommand } from "./config.ts";
import { convertCommand } from "./convert.ts";
import { datasetCommand } from "./dataset.ts";
import { doctorCommand } from "./doctor.ts";
import { evalCommand } from "./eval.ts";
import { exportCommand } from "./export.ts";
import { generateCommand } from "./generate.ts";
import { infoCommand } from "./info.ts";
import { inspectCommand } from "./inspect.ts";
import { loraCommand } from "./lora.ts";
import { reconstructCommand } from "./reconstruct.ts";
import { planCommand } from "./plan.ts";
import { pluginsCommand } from "./plugins.ts";
import { pullCommand } from "./pull.ts";
import { pushCommand } from "./push.ts";
import { quantizeCommand } from "./quantize.ts";
import { runCommand } from "./run.ts";
import { writeOut } from "./_stdout.ts";
import { trainCommand } from "./train.ts";
import { verifyCommand } from "./verify.ts";

const exitCodeHelp = `
Exit codes:
  0 done   1 fault of the program   2 wrong flag or configuration   3 bad model or data   4 network
  5 disk or memory   6 permission   7 some pictures of a batch are missing   130 interrupted   143 terminated

Start with:
  wuerstchen generate "a red apple on a blue background"
`;

/** The versions of this program and of what it runs on. */
export function versionText(): string {
  // The import map pins the exact version; asking the library itself would load all 45 MB of it.
  const runtime = config.imports["onnxruntime-node"].split("@").at(-1);
  return `wuerstchen ${version} (Deno ${Deno.version.deno}, ONNX Runtime ${runtime}, ${Deno.build.os} ${Deno.build.arch})`;
}

/**
 * Builds the tree of commands.
 *
 * Parsing throws: commander's errors for unknown flags and commands and for shown help, ours for everything else.
 */
export function createProgram(): Command {
  const program = new Command("wuerstchen")
    .description("Würstchen: text to image in a 42× compressed latent, without Python.")
    .version(versionText(), "-V, --version", "print the versions of this program, of Deno and of ONNX Runtime")
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", exitCodeHelp)
    // Our texts name defaults and choices themselves, where they depend on the model too.
    .configureHelp({
      optionDescription: ({ description }) => description,
      argumentDescription: ({ description }) => description,
    })
    .configureOutput({
      writeOut: (text) => writeOut(text),
      // main.ts prints errors, on one line.
      outputError: () => {},
      // Help has no colours; commander would ask the environment for leave to use them.
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  const commands = [
    generateCommand(),
    runCommand(),
    compareCommand(),
    configCommand(),
    infoCommand(),
    inspectCommand(),
    reconstructCommand(),
    planCommand(),
    doctorCommand(),
    pluginsCommand(),
    pullCommand(),
    bundleCommand(),
    cacheCommand(),
    pushCommand(),
    datasetCommand(),
    trainCommand(),
    evalCommand(),
    convertCommand(),
    quantizeCommand(),
    verifyCommand(),
    exportCommand(),
    loraCommand(),
    completionsCommand(createProgram),
  ];
  for (const command of commands) {
    // Inheriting also resets what the command itself allows.
    const allowsExcess = command.name() === "generate";
    const group = command.options.find(({ long }) => long === "--debug")?.helpGroupHeading;
    program.addCommand(command.copyInheritedSettings(program).allowExcessArguments(allowsExcess));
    // So is its help flag replaced by the program's, which knows no headings.
    if (group !== undefined) command.addHelpOption(new Option("-h, --help", "show this help").helpGroup(group));
  }
  return program;
}
