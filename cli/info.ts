/**
 * `wuerstchen info`: what a picture says about itself.
 * @module
 */
import { Command } from "commander";
import { ConfigError } from "../errors.ts";

const examples = `
Example:
  wuerstchen info a-red-apple-7.png
  wuerstchen info --presets                     what --preset draft, balanced and quality stand for
  wuerstchen generate -C a-red-apple-7.png      paints it again
`;

/** Builds the command. */
export function infoCommand(): Command {
  return new Command("info")
    .summary("show how a picture was painted")
    .description("Shows format, size, and the prompt and settings that a PNG, JPEG or WebP was painted with.")
    .argument("[picture]", "a PNG, JPEG or WebP file")
    .option("--presets", "show what the presets of generate stand for")
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (path: string | undefined, { json = false, presets }: { json?: boolean; presets?: boolean }) => {
      const { runInfo, runPresets } = await import("./_run_info.ts");
      if (presets && path === undefined) return runPresets({ json });
      if (presets || path === undefined) {
        throw new ConfigError(`Expected a picture or --presets but found ${presets ? "both" : "neither"}`);
      }
      await runInfo(path, { json });
    });
}
