/**
 * `wuerstchen doctor`: what this machine can run networks on.
 * @module
 */
import { Command } from "commander";

const examples = `
Nothing is changed and nothing is run on a graphics card: this reads what the system says of itself.

Examples:
  wuerstchen doctor
  wuerstchen doctor --json
  wuerstchen generate "a fox" --device auto
`;

/** Builds the command. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("show what this machine can run on, and what is missing")
    .description(
      "Shows the processor, memory and graphics cards, which --device is ready, and the step that enables the others.",
    )
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async ({ json = false }: { json?: boolean }) => {
      const { runDoctor } = await import("./_run_doctor.ts");
      await runDoctor({ json });
    });
}
