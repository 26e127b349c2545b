/**
 * `wuerstchen convert`: writes weights again, in another form.
 * @module
 */
import { Command, Option } from "commander";
import { type DtypeChoice, parseDtypes } from "../pipeline/dtypes.ts";
import type { LoraChoice } from "../pipeline/loras.ts";
import { bytesOption, choiceOption, loraOption } from "./_options.ts";

const keyNames = ["diffusers", "original"] as const;

/** The flags of `convert`, parsed. */
export interface ConvertFlags {
  readonly output: string;
  readonly dtype?: DtypeChoice;
  readonly keys?: typeof keyNames[number];
  readonly shardSize?: number;
  readonly mergeLora?: readonly LoraChoice[];
  readonly variant?: string;
  readonly dict?: string;
  readonly config?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
What a file is, its tensors' names say, never its own. .pt files are read as data: no code in them is run.
A folder is written whole or not at all; of a model, configurations and tokenizers are copied.

Examples:
  wuerstchen convert model_v2_stage_c.pt -o prior.safetensors --dtype fp16       an original file, with the names of diffusers
  wuerstchen convert ./my-model/prior/prior -o stage_c.safetensors --keys original
  wuerstchen convert ./my-model -o ./my-model-bf16 --dtype bf16 --shard-size 2GB  a whole model
  wuerstchen convert ./my-model -o ./mixed --dtype fp16 --dtype vqgan=fp32        Stage A keeps its range
  wuerstchen convert ./my-model -o ./inked --merge-lora ink.safetensors:0.8       with a LoRA inside
  wuerstchen convert model_v2_stage_b.pt -o compressor --dict effnet_state_dict   what else a training file holds
`;

/** Builds the command. */
export function convertCommand(): Command {
  return new Command("convert")
    .summary("write weights in another form")
    .description("Writes a file of weights, a network's folder or a whole model in another form.")
    .argument("<file>", "a .safetensors or .pt file, a network's folder, or a model's")
    .requiredOption("-o, --output <file>", "a .safetensors file for one network, else a folder that does not exist")
    .option(
      "--dtype <type>",
      "fp32, fp16 or bf16 (default: as they are); for single networks vqgan=fp32; may be repeated",
      parseDtypes,
    )
    .addOption(
      new Option("--keys <names>", "diffusers, or original for the names of dome272's files (default: diffusers)")
        .choices(keyNames).argParser(choiceOption("--keys", keyNames)),
    )
    .option("--shard-size <size>", "most bytes of a file, such as 2GB (default: one file)", bytesOption("--shard-size"))
    .option("--merge-lora <file>", "add a LoRA to the weights, as FILE or FILE:SCALE; may be repeated", loraOption)
    .option("--variant <name>", "weights to read where there are several, such as fp16")
    .option("--dict <name>", "dictionary of a .pt file to read (default: averaged weights, else state_dict)")
    .option("--config <file>", "a config.json with what the weights of a single file do not say")
    .option("--force", "replace a file that exists")
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print paths only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (input: string, flags: ConvertFlags) => {
      const { runConvert } = await import("./_run_convert.ts");
      await runConvert(input, flags);
    });
}
