/**
 * `wuerstchen plan`: what something will take, before it is begun.
 * @module
 */
import { Command } from "commander";
import type { DeviceChoice } from "../pipeline/devices.ts";
import { parsePrecision, type PrecisionChoice } from "../pipeline/precisions.ts";
import { deviceOption } from "./_device.ts";
import { appended, bytesOption, integerOption, sideOption } from "./_options.ts";

/** The flags of `plan`, parsed. */
export interface PlanFlags {
  readonly prior?: string;
  readonly decoder?: string;
  readonly variant?: string;
  readonly width?: number;
  readonly height?: number;
  readonly precision?: PrecisionChoice | "auto";
  readonly maxMemory?: number;
  readonly device?: DeviceChoice;
  readonly set?: readonly string[];
  readonly threads?: number;
  readonly json?: boolean;
  readonly debug?: boolean;
}

const examples = `
Time is a forecast from the speed of matrix products, which is measured for a moment; nothing else is run. Memory is what generate forecasts.

Examples:
  wuerstchen plan emoji
  wuerstchen plan emoji -W 1024 -H 1024 --max-memory 500MB
  wuerstchen plan wuerstchen-v2 -W 1024 -H 1024    the published sizes, without its files
  wuerstchen plan wuerstchen-v2 --device cuda --precision fp16    on a card, which need not be here
  wuerstchen plan warp-ai/wuerstchen               what would be fetched too; only configurations and headers are
  wuerstchen plan icons.jsonc                      a training
`;

/** Builds the command. */
export function planCommand(): Command {
  return new Command("plan")
    .summary("forecast disk, memory, operations and time")
    .description(
      "Says what a picture of a model, or a training, takes on this machine: disk, memory, operations, time.",
    )
    .argument(
      "[what]",
      "a model (a bundled name, a folder, wuerstchen-v2, org/name on the hub), or a training's .jsonc (default: emoji)",
      "emoji",
    )
    .option("--prior <folder>", "another prior, or a file of Stage C's weights")
    .option("--decoder <folder>", "another decoder, or a file of Stage B's or Stage A's weights")
    .option("--variant <word>", "weights of this variant, such as fp16, for a model on the hub")
    .option("-W, --width <px>", "width of the picture in pixels (default: the model's own)", sideOption("--width"))
    .option("-H, --height <px>", "height of the picture in pixels (default: the model's own)", sideOption("--height"))
    .option(
      "--precision <word>",
      "with its weights in int8, say: fp32, fp16, int8, int4, auto, or one for each network",
      parsePrecision,
    )
    .option(
      "--max-memory <size>",
      "within this, such as 2GiB, as generate keeps to it, or refuse",
      bytesOption("--max-memory"),
    )
    .option(
      "--device <name>",
      "memory of what the networks run on: cpu, cuda, tensorrt, webgpu, coreml, dml, auto, or one for each, such as prior=cuda; it need not be " +
        "here (default: cpu)",
      deviceOption,
    )
    .option("--set <key=value>", "change a setting of a training; may be repeated", appended)
    .option(
      "-t, --threads <n>",
      "threads of the runtime (default: one a core)",
      integerOption("--threads", { min: 1, max: 256 }),
    )
    .option("--json", "print one JSON object")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", examples)
    .action(async (what: string, flags: PlanFlags) => {
      const { runPlan } = await import("./_run_plan.ts");
      await runPlan(what, flags);
    });
}
