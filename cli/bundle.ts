/**
 * `wuerstchen bundle`: one file of a model, for machines that are never online.
 * @module
 */
import { Command } from "commander";

/** The flags of `bundle`, parsed. */
export interface BundleFlags {
  readonly output: string;
  readonly prior?: string;
  readonly variant?: string;
  readonly force?: boolean;
  readonly acceptLicense?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
The file is a plain tar archive. Where it is first used, its contents are checked and put into the cache ($HF_HUB_CACHE), once.

Examples:
  wuerstchen bundle warp-ai/wuerstchen --variant fp16 -o wuerstchen.tar
  wuerstchen generate "a red apple" --model wuerstchen.tar      on any machine
`;

/** Builds the command. */
export function bundleCommand(): Command {
  return new Command("bundle")
    .summary("make one file of a model, for machines without a network")
    .description("Writes a model with its prior into one file, which generate takes as --model, and prints its path.")
    .argument("<model>", "a repository on the hub, a bundled name or a folder")
    .requiredOption("-o, --output <file>", "file to write")
    .option("--prior <model>", "another prior than that of the model")
    .option("--variant <word>", "take weights of this variant, such as fp16, where a network has them")
    .option("--force", "replace a file that exists")
    .option("--accept-license", "accept a licence that allows no commercial use; it is remembered")
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print the path only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (model: string, flags: BundleFlags) => {
      const { runBundle } = await import("./_run_bundle.ts");
      await runBundle(model, flags);
    });
}
