/**
 * `wuerstchen eval`: its flags and its help. What it does is in _run_eval.ts.
 * @module
 */
import { Command } from "commander";
import { maxGuidance, maxSteps } from "../pipeline/limits.ts";
import { integerOption, maxPictures, numberOption } from "./_options.ts";

/** The flags of `eval`, parsed. */
export interface EvalFlags {
  readonly data?: string;
  readonly config?: string;
  readonly count: number;
  readonly seed: number;
  /** Whether Stage B is given captions beside true embeddings. */
  readonly captions: boolean;
  readonly priorSteps?: number;
  readonly priorGuidance?: number;
  readonly decoderSteps?: number;
  readonly decoderGuidance?: number;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly threads?: number;
  readonly debug?: boolean;
}

const steps = { min: 1, max: maxSteps };
const scale = { min: 0, max: maxGuidance };

const details = `
What is measured, on pictures that the seed chooses:
  PSNR                 in dB, the mean over pictures, of what Stage A keeps and of what Stage B makes of true embeddings
  SSIM                 structural similarity, 1 where nothing differs, the mean over pictures
  Fréchet distance     between the compressor's features of the pictures and those of all drawings; it depends on how many they are
  nearest drawing      a picture is compared with all drawings on the background that was asked for, by the Euclidean distance of
                       the compressor's embeddings
  background           most pixels of the border are nearest to the colour that was asked for, among all named ones
Drawings and pairs of drawing and colour that training never saw follow from the rules in the model's train.jsonc.
Bars are those of the bundled model.

Examples:
  wuerstchen eval emoji --data ./emoji
  wuerstchen eval runs/icons/model --count 100 --json > report.json
`;

/** Builds the command. */
export function evalCommand(): Command {
  return new Command("eval")
    .summary("measure what a model keeps and paints")
    .description("Measures a model on the data set that it was trained on, and holds the numbers against bars.")
    .argument("[model]", "a bundled name or a folder with its compressor (default: emoji)", "emoji")
    .option("--data <folder>", "the data set (default: the one that train.jsonc names)")
    .option("--config <file>", "the training's configuration (default: the model's train.jsonc, or that of its run)")
    .option(
      "--count <n>",
      "pictures of each measurement (default: 300)",
      integerOption("--count", { min: 1, max: maxPictures }),
      300,
    )
    .option(
      "-s, --seed <n>",
      "chooses pictures and starts their noise (default: 0)",
      integerOption("--seed", { min: 0, max: 2 ** 32 - 1 }),
      0,
    )
    .option("--no-captions", "give Stage B true embeddings without the captions")
    .option("--prior-steps <n>", "steps of Stage C (default: the model's own)", integerOption("--prior-steps", steps))
    .option(
      "--prior-guidance <x>",
      "guidance scale of Stage C (default: the model's own)",
      numberOption("--prior-guidance", scale),
    )
    .option(
      "--decoder-steps <n>",
      "steps of Stage B (default: the model's own)",
      integerOption("--decoder-steps", steps),
    )
    .option(
      "--decoder-guidance <x>",
      "guidance scale of Stage B (default: the model's own)",
      numberOption("--decoder-guidance", scale),
    )
    .option("--strict", "exit with 3 where a bar is missed or could not be measured")
    .option("--json", "print one JSON object: every number with its bar, settings, weight hashes")
    .option("-q, --quiet", "no progress")
    .option("-t, --threads <n>", "threads (default: one a core)", integerOption("--threads", { min: 1, max: 256 }))
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", details)
    .action(async (model: string, flags: EvalFlags) => {
      const { runEval } = await import("./_run_eval.ts");
      await runEval(model, flags);
    });
}
