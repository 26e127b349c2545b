/**
 * `wuerstchen quantize`: writes a model in fewer bits.
 * @module
 */
import { Command } from "commander";
import { parsePrecision, type PrecisionChoice } from "../pipeline/precisions.ts";
import { integerOption } from "./_options.ts";

/** The flags of `quantize`, parsed. */
export interface QuantizeFlags {
  readonly output: string;
  readonly precision: PrecisionChoice | "auto";
  readonly variant?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const examples = `
The folder loads like any other model and needs no flag. generate --precision does the same on the way and keeps the weights in the cache.
Narrow layers, those at the ends of a network, and layers whose weights have outliers stay as they are.

Examples:
  wuerstchen quantize emoji -o emoji-int8
  wuerstchen quantize warp-ai/wuerstchen -o wuerstchen-int8 --precision prior=int8,decoder=int8,vqgan=int8
  wuerstchen verify warp-ai/wuerstchen --precision int8    what that is off by
`;

/** Builds the command. */
export function quantizeCommand(): Command {
  return new Command("quantize")
    .summary("write a model in 8, 4 or 16 bits")
    .description("Writes a model with its weights in fewer bits, as a folder that loads by itself.")
    .argument("<model>", "a bundled name, a folder, or a repository on the hub")
    .requiredOption("-o, --output <folder>", "a folder that does not exist")
    .option(
      "--precision <word>",
      "int8, int4 or fp16; for single networks prior=int8,vqgan=fp32 (default: int8)",
      parsePrecision,
      "int8",
    )
    .option("--variant <word>", "weights to read where there are several, such as fp16")
    .option("-t, --threads <n>", "threads (default: one a core)", integerOption("--threads", { min: 1, max: 256 }))
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (model: string, flags: QuantizeFlags) => {
      const { runQuantize } = await import("./_run_quantize.ts");
      await runQuantize(model, flags);
    });
}
