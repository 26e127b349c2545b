/**
 * `wuerstchen lora`: LoRAs out of models.
 * @module
 */
import { Argument, Command } from "commander";
import { choiceOption, integerOption } from "./_options.ts";

/** The flags of `lora`, parsed. */
export interface LoraFlags {
  readonly output: string;
  readonly rank: number;
  readonly variant?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const actions = ["extract"] as const;

const examples = `
Of each linear layer that changed, the LoRA holds the largest singular values of the change; what it cannot hold (biases, norms,
kernels, embeddings) is named. A published Stage C takes some minutes.

Examples:
  wuerstchen lora extract ./base ./tuned -o style.safetensors --rank 16
  wuerstchen lora extract base.safetensors tuned.pt -o style.safetensors
  wuerstchen convert ./base -o ./tuned-again --merge-lora style.safetensors      the other way round
`;

/** Builds the command. */
export function loraCommand(): Command {
  return new Command("lora")
    .summary("extract a LoRA from two models")
    .description("Makes a LoRA of what two models, or two files of weights, differ by.")
    .addArgument(new Argument("<action>", "extract").choices(actions).argParser(choiceOption("<action>", actions)))
    .argument("<base>", "the model, network's folder or file that the LoRA is for")
    .argument("<tuned>", "the same after a training")
    .requiredOption("-o, --output <file>", "the LoRA's safetensors file")
    .option("--rank <n>", "rank of the change (default: 16)", integerOption("--rank", { min: 1, max: 1024 }), 16)
    .option("--variant <name>", "weights to read where there are several, such as fp16")
    .option("--force", "replace a file that exists")
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print the path only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (_action: typeof actions[number], base: string, tuned: string, flags: LoraFlags) => {
      const { runLoraExtract } = await import("./_run_lora_extract.ts");
      await runLoraExtract(base, tuned, flags);
    });
}
