/**
 * `wuerstchen verify`: what fewer bits are off by.
 * @module
 */
import { Command } from "commander";
import { maxSteps } from "../pipeline/limits.ts";
import { parsePrecision, type PrecisionChoice } from "../pipeline/precisions.ts";
import { integerOption, sideOption } from "./_options.ts";

/** The flags of `verify`, parsed. */
export interface VerifyFlags {
  readonly precision: PrecisionChoice | "auto";
  readonly prompt?: readonly string[];
  readonly seed: number;
  readonly width?: number;
  readonly height?: number;
  readonly priorSteps?: number;
  readonly decoderSteps?: number;
  readonly layers: number;
  readonly variant?: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

const details = `
Every prompt is painted twice, in full and in fewer bits, from the same noise; layers are compared on what they are given in full.

Examples:
  wuerstchen verify emoji --precision int8
  wuerstchen verify warp-ai/wuerstchen --precision prior=int8 --prompt "a fox in the snow" --prior-steps 20
`;

const steps = { min: 1, max: maxSteps };

/** Builds the command. */
export function verifyCommand(): Command {
  return new Command("verify")
    .summary("measure what fewer bits are off by")
    .description(
      "Measures what a model in fewer bits is off by: each layer's relative error, and the PSNR of pictures.",
    )
    .argument("[model]", "a bundled name, a folder, or a repository on the hub (default: emoji)", "emoji")
    .option(
      "--precision <word>",
      "int8, int4 or fp16; for single networks prior=int8,vqgan=fp32 (default: int8)",
      parsePrecision,
      "int8",
    )
    .option(
      "-p, --prompt <text>",
      "a prompt to paint; may be repeated (default: four of its own)",
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option(
      "-s, --seed <n>",
      "seed of the first (default: 1)",
      integerOption("--seed", { min: 0, max: 2 ** 32 - 1 }),
      1,
    )
    .option("-W, --width <px>", "width in pixels (default: the model's own)", sideOption("--width"))
    .option("-H, --height <px>", "height in pixels (default: the model's own)", sideOption("--height"))
    .option("--prior-steps <n>", "steps of Stage C (default: the model's own)", integerOption("--prior-steps", steps))
    .option(
      "--decoder-steps <n>",
      "steps of Stage B (default: the model's own)",
      integerOption("--decoder-steps", steps),
    )
    .option(
      "--layers <n>",
      "worst layers of each network to show (default: 3)",
      integerOption("--layers", { min: 0, max: 1000 }),
      3,
    )
    .option("--variant <word>", "weights to read where there are several, such as fp16")
    .option("-t, --threads <n>", "threads (default: one a core)", integerOption("--threads", { min: 1, max: 256 }))
    .option("--json", "print one JSON object with every layer")
    .option("-q, --quiet", "no progress")
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", details)
    .action(async (model: string, flags: VerifyFlags) => {
      const { runVerify } = await import("./_run_verify.ts");
      await runVerify(model, flags);
    });
}
