/**
 * `wuerstchen export`: the networks of a model as ONNX files.
 * @module
 */
import { Command } from "commander";
import type { LoraChoice } from "../pipeline/loras.ts";
import { loraOption, sideOption } from "./_options.ts";

/** The flags of `export`, parsed. */
export interface ExportFlags {
  readonly output: string;
  readonly prior?: string;
  readonly decoder?: string;
  readonly variant?: string;
  readonly lora?: readonly LoraChoice[];
  readonly width?: number;
  readonly height?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const examples = `
Each network becomes NAME.onnx with its weights in NAME.onnx.data; model.json names inputs, outputs and sizes. A graph is for one
size of picture and any batch. Guidance is a batch of two; sampling and tokens are left to the program that runs the graphs.

Examples:
  wuerstchen export emoji -o ./emoji-onnx
  wuerstchen export ./my-model -o ./onnx -W 1024 -H 768 --lora ink.safetensors:0.8
`;

/** Builds the command. */
export function exportCommand(): Command {
  return new Command("export")
    .summary("write the networks of a model as ONNX files")
    .description("Writes the networks of a model as plain ONNX files with external data, for any other runtime.")
    .argument("[model]", "a bundled name or a folder (default: emoji)", "emoji")
    .requiredOption("-o, --output <folder>", "a folder that does not exist")
    .option("--prior <folder>", "another prior, or a file of Stage C's weights")
    .option("--decoder <folder>", "another decoder, or a file of Stage B's or Stage A's weights")
    .option("--variant <name>", "weights to take where a network has them, such as fp16")
    .option("--lora <file>", "a LoRA that is added to the weights, as FILE or FILE:SCALE; may be repeated", loraOption)
    .option("-W, --width <px>", "width of the picture in pixels (default: the model's own)", sideOption("--width"))
    .option("-H, --height <px>", "height of the picture in pixels (default: the model's own)", sideOption("--height"))
    .option("--json", "print one JSON object")
    .option("-q, --quiet", "print paths only")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (model: string, flags: ExportFlags) => {
      const { runExport } = await import("./_run_export.ts");
      await runExport(model, flags);
    });
}
