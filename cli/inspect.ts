/**
 * `wuerstchen inspect`: the networks of a model as trees.
 * @module
 */
import { Command } from "commander";
import { integerOption, sideOption } from "./_options.ts";

/** The flags of `inspect`, parsed. */
export interface InspectFlags {
  readonly prior?: string;
  readonly decoder?: string;
  readonly width?: number;
  readonly height?: number;
  readonly depth: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const examples = `
Operations are those of one run at batch 1, a multiplication and its addition counted as two; elementwise work is left out.

Examples:
  wuerstchen inspect emoji
  wuerstchen inspect ./my-model --depth 3
  wuerstchen inspect wuerstchen-v2 -W 1024 -H 1024     the published sizes, without its files
`;

/** Builds the command. */
export function inspectCommand(): Command {
  return new Command("inspect")
    .summary("show the networks of a model")
    .description(
      "Shows each network of a model as a tree with output shapes, parameters and floating-point operations.",
    )
    .argument("[model]", "a bundled name, a folder, or wuerstchen-v2 (default: emoji)", "emoji")
    .option("--prior <folder>", "another prior, or a file of Stage C's weights")
    .option("--decoder <folder>", "another decoder, or a file of Stage B's or Stage A's weights")
    .option("-W, --width <px>", "width of the picture in pixels (default: the model's own)", sideOption("--width"))
    .option("-H, --height <px>", "height of the picture in pixels (default: the model's own)", sideOption("--height"))
    .option("--depth <n>", "levels of the tree to show (default: 2)", integerOption("--depth", { min: 0, max: 100 }), 2)
    .option("--json", "print one JSON object with the whole tree")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (model: string, flags: InspectFlags) => {
      const { runInspect } = await import("./_run_inspect.ts");
      await runInspect(model, flags);
    });
}
