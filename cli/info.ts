/**
 * `wuerstchen info`: what a picture says about itself.
 * @module
 */
import { Command } from "commander";

const examples = `
Example:
  wuerstchen info a-red-apple-7.png
  wuerstchen generate -C a-red-apple-7.png      paints it again
`;

/** Builds the command. */
export function infoCommand(): Command {
  return new Command("info")
    .summary("show how a picture was painted")
    .description("Shows format, size, and the prompt and settings that a PNG, JPEG or WebP was painted with.")
    .argument("<picture>", "a PNG, JPEG or WebP file")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (path: string, { json = false }: { json?: boolean }) => {
      const { runInfo } = await import("./_run_info.ts");
      await runInfo(path, { json });
    });
}
