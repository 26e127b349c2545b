/**
 * `wuerstchen reconstruct`: its flags and its help. What it does is in _run_reconstruct.ts.
 * @module
 */
import { Command } from "commander";
import type { ImageFormat } from "../images/format.ts";
import { maxGuidance, maxSteps } from "../pipeline/limits.ts";
import { choiceOption, integerOption, numberOption, sideOption } from "./_options.ts";

/** The flags of `reconstruct`, parsed. */
export interface ReconstructFlags {
  readonly model?: string;
  readonly prompt?: string;
  readonly seed: number;
  readonly decoderSteps?: number;
  readonly decoderGuidance?: number;
  readonly width?: number;
  readonly height?: number;
  readonly output?: string;
  readonly format?: ImageFormat;
  readonly force?: boolean;
  readonly metadata: boolean;
  readonly show: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly threads?: number;
  readonly debug?: boolean;
}

const seeds = { min: 0, max: Number.MAX_SAFE_INTEGER };

const details = `
The picture that is written shows, from left to right: the original; what Stage A keeps (encoded and decoded); and what is left
when the compressor has made its embedding, Stage B has painted that, and Stage A has decoded it. PSNR is in dB over all pixels:
20 dB is an error of a tenth of the range, 40 dB of a hundredth.

The original is resized until it covers the size, and its centre is cut out, as training does; transparent pixels become white.
The model needs its compressor, which published Würstchen v2 repositories leave out.

Examples:
  wuerstchen reconstruct fox.png
  wuerstchen reconstruct photo.jpg --model ./my-model -W 256 -H 192 -o kept.png
  wuerstchen reconstruct fox.png --json | jq .psnr
`;

/** Builds the command. */
export function reconstructCommand(): Command {
  return new Command("reconstruct")
    .summary("show what a model keeps of a picture")
    .description("Takes a picture through a model and back, and shows what its parts keep of it.")
    .argument("<picture>", "a PNG, JPEG, WebP or .npy file of any size")
    .option("--model <name|folder>", "a bundled name or a folder (default: emoji)")
    .option("-p, --prompt <text>", "text for Stage B (default: none, so that the embedding alone says what is there)")
    .option("-s, --seed <n>", "seed of Stage B's noise (default: 0)", integerOption("--seed", seeds), 0)
    .option(
      "--decoder-steps <n>",
      "steps of Stage B (default: the model's own, else 12)",
      integerOption("--decoder-steps", { min: 1, max: maxSteps }),
    )
    .option(
      "--decoder-guidance <x>",
      "guidance scale of Stage B (default: the model's own, else 0)",
      numberOption("--decoder-guidance", { min: 0, max: maxGuidance }),
    )
    .option("-W, --width <px>", "width in pixels (default: the model's own)", sideOption("--width"))
    .option("-H, --height <px>", "height in pixels (default: the model's own)", sideOption("--height"))
    .option(
      "-o, --output <name>",
      "file to write, or a folder; - pipes the picture to standard output (default: PICTURE-reconstructed-SEED.png here)",
    )
    .option("--format <type>", "png, jpg or webp", choiceOption("--format", ["png", "jpg", "webp"] as const))
    .option("--force", "replace the file that --output names")
    .option("--no-metadata", "leave out settings, PSNR and weight hashes, which info reads")
    .option("--no-show", "do not show the picture on the terminal")
    .option("--json", "print one JSON object: path, PSNR, settings, sizes, times")
    .option("-q, --quiet", "print the path only")
    .option("-t, --threads <n>", "threads (default: one a core)", integerOption("--threads", { min: 1, max: 256 }))
    .option("--debug", "show the stack of an error")
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", details)
    .action(async (picture: string, flags: ReconstructFlags) => {
      const { runReconstruct } = await import("./_run_reconstruct.ts");
      await runReconstruct(picture, flags);
    });
}
