/**
 * `wuerstchen generate`: its flags and its help. What it does is in _run_generate.ts, which loads only when it runs.
 * @module
 */
import { Command, Option } from "commander";
import { ConfigError } from "../errors.ts";
import type { LoraChoice } from "../pipeline/loras.ts";
import { maxBatch, maxGuidance, maxSteps, maxTile } from "../pipeline/limits.ts";
import { parsePrecision } from "../pipeline/precisions.ts";
import { describePreset, presetNames } from "../pipeline/presets.ts";
import { spacingNames } from "../schedulers/spacings.ts";
import { parseTimesteps, timestepPresets } from "../schedulers/timesteps.ts";
import { deviceOption } from "./_device.ts";
import { guidanceScheduleOption } from "./_guidance_schedule.ts";
import {
  bytesOption,
  choiceOption,
  integerOption,
  loraOption,
  maxPictures,
  numberOption,
  parseSeeds,
  sideOption,
} from "./_options.ts";
import type { GenerateFlags } from "./_generate_flags.ts";

const seeds = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** What an option's value looks like and means. */
interface Flag {
  readonly flags: string;
  readonly help: string;
  /** Is also given what the flag was parsed to before, where it is given several times. */
  readonly parse?: (text: string, before: unknown) => unknown;
  /** Words that it takes, for completions. */
  readonly choices?: readonly string[];
}

function integer(flags: string, help: string, range: { min: number; max: number }): Flag {
  return { flags, help, parse: integerOption(longName(flags), range) };
}

function choice(flags: string, help: string, words: readonly string[]): Flag {
  return { flags, help, parse: choiceOption(longName(flags), words), choices: words };
}

function timesteps(flags: string, help: string): Flag {
  const name = longName(flags);
  const parse = (text: string) => {
    try {
      return parseTimesteps(text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new ConfigError(`${name}: ${error.message}`, { cause: error });
    }
  };
  return { flags, help, parse };
}

function longName(flags: string): string {
  return /--[a-z-]+/.exec(flags)![0];
}

const steps = { min: 1, max: maxSteps };
const scale = { min: 0, max: maxGuidance };
const presets = [...timestepPresets.keys()].join(", ");

/** Flags of how a stage is sampled, beyond steps and guidance. */
function samplingFlags(stage: "prior" | "decoder"): Flag[] {
  const flag = (name: string) => `--${stage}-${name}`;
  const share = { min: 0, max: 1 };
  const name = stage === "prior" ? "Stage C" : "Stage B";
  return [
    {
      flags: `${flag("scheduler")} <name|file>`,
      help: `how noise becomes data in ${name}: a name of wuerstchen plugins list scheduler (default: ddpm-wuerstchen)`,
    },
    choice(
      `${flag("spacing")} <kind>`,
      "how its steps are spread: evenly in time, in log-SNR, or as Karras et al. (default: the scheduler's own)",
      spacingNames,
    ),
    {
      flags: `${flag("shift")} <x>`,
      help: "move its times towards noise by a log-SNR of 2·ln(x); Stable Cascade takes 2 for Stage C (default: 1)",
      parse: numberOption(flag("shift"), { min: 0.01, max: 100 }),
    },
    {
      flags: `${flag("guidance-schedule")} <kind>`,
      help:
        "constant, interval:FROM-TO (shares of the steps still ahead, 1 to 0) or ramp:SCALE (its scale at the end); " +
        "steps without guidance cost half (default: constant)",
      parse: guidanceScheduleOption(flag("guidance-schedule")),
    },
    {
      flags: `${flag("guidance-rescale")} <x>`,
      help: "how far guided predictions keep their deviation, 0 to 1; Stable Cascade takes 0.7 (default: 0)",
      parse: numberOption(flag("guidance-rescale"), share),
    },
    integer(`${flag("start-step")} <n>`, "first step to take, from 0; initial noise that is handed in stands there", {
      min: 0,
      max: maxSteps - 1,
    }),
    integer(`${flag("stop-step")} <n>`, "step to end before; what comes out still holds noise", {
      min: 1,
      max: maxSteps,
    }),
    integer(`${flag("noise-seed")} <n>`, "seed of the noise that steps add (default: the generator goes on)", seeds),
  ];
}

/** All flags by the heading that they stand under. */
const groups: Readonly<Record<string, readonly Flag[]>> = {
  "What to paint:": [
    {
      flags: "-p, --prompt <text>",
      help: "the prompt, in place of the word behind the command; - reads it from standard input",
    },
    { flags: "-n, --negative-prompt <text>", help: "what not to paint; has an effect only with guidance above 1" },
    {
      flags: "--prompt-file <file>",
      help: "one prompt a line, each a run of its own; - reads the lines from standard input",
    },
    { flags: "--prior-prompt <text>", help: "what Stage C alone shall paint (default: the prompt)" },
    { flags: "--decoder-prompt <text>", help: "what Stage B alone shall paint (default: the prompt)" },
    {
      flags: "--prior-negative-prompt <text>",
      help: "what Stage C alone shall not paint (default: the negative prompt)",
    },
    {
      flags: "--decoder-negative-prompt <text>",
      help: "what Stage B alone shall not paint (default: the negative prompt)",
    },
    choice(
      "--long-prompt <how>",
      "what becomes of a prompt longer than the text encoder: cut, or taken in chunks (default: truncate, as in the reference)",
      ["truncate", "chunk"],
    ),
    {
      flags: "--plain-prompt",
      help: "take (words:1.3) and BREAK in a prompt as they are written, in place of weights and parts",
    },
    {
      flags: "--no-expand",
      help: "take {red|blue} in a prompt as it is written; otherwise it stands for a prompt of each choice",
    },
    {
      flags: "--wildcards <folder>",
      help: "put a line of folder/animal.txt in the place of __animal__ in a prompt, drawn by the picture's seed",
    },
    {
      flags: "-C, --config-from <picture>",
      help:
        "repeat a picture: settings, model and threads come from its metadata, flags given here win; --model replaces " +
        "--prior and --decoder of the picture too",
    },
  ],
  "Model:": [
    {
      flags: "--model <name|folder>",
      help:
        "a bundled name, a folder in Hugging Face layout, or a repository on the hub (org/name or org/name@revision), which is " +
        "fetched once; a folder that exists comes first, ./ forces one (default: emoji)",
    },
    {
      flags: "--prior <folder>",
      help:
        "another prior, the half that turns text into a small latent (Stage C), or a .safetensors or .pt file of its weights",
    },
    {
      flags: "--decoder <folder>",
      help:
        "another decoder, the half that turns the latent into pixels (Stages B and A), or a file of one stage's weights",
    },
    {
      flags: "--variant <word>",
      help:
        "take weights of this variant, such as fp16, where a network has them (default: plain files, or the only variant)",
    },
    {
      flags: "--precision <word>",
      help:
        "how weights are kept: fp32, fp16 (half the memory), int8 (fast, a quarter), int4 (an eighth), or auto, the most exact that " +
        "fits into memory; for single networks prior=int8,vqgan=fp32 (default: as they are stored)",
      parse: parsePrecision,
    },
    {
      flags: "--lora <file:scale>",
      help: "add a LoRA in the keys of diffusers, PEFT or kohya to the weights; several add up (default scale: 1)",
      parse: (text, before) => loraOption(text, before as LoraChoice[] | undefined),
    },
    {
      flags: "--accept-license",
      help: "accept the licence of a model on the hub that allows no commercial use; it is remembered",
    },
    { flags: "--strict", help: "refuse weights that hold NaN or infinity, in place of a warning" },
  ],
  "Size and number:": [
    {
      flags: "-W, --width <px>",
      help: "width in pixels (default: the model's own, else 1024)",
      parse: sideOption("--width"),
    },
    {
      flags: "-H, --height <px>",
      help: "height in pixels (default: the model's own, else 1024)",
      parse: sideOption("--height"),
    },
    {
      flags: "-s, --seed <list>",
      help:
        "one picture a seed: 7, or 1,2,5-8; -1 draws one; of larger ones torch's generator takes the low 32 bits, so that 7 and " +
        "4294967303 are one (default: random, and printed)",
      parse: parseSeeds,
    },
    integer("-b, --batch-count <n>", "n independent pictures with the seeds s, s+1 …; not with several seeds", {
      min: 1,
      max: maxPictures,
    }),
    integer("--images-per-prompt <n>", "n pictures out of one seed, drawn as one batch, as in diffusers", {
      min: 1,
      max: maxBatch,
    }),
    integer(
      "--image-index <k>",
      "with --rng stream: make picture k (from 0) of a run with --images-per-prompt alone, from the same noise",
      { min: 0, max: 2 ** 32 - 1 },
    ),
  ],
  "Sampling:": [
    choice(
      "--preset <name>",
      `how long it may take; other flags win, and it wins over -C. ${
        presetNames.map((name) => `${name}: ${describePreset(name)}`).join(". ")
      }`,
      presetNames,
    ),
    integer("--prior-steps <n>", "steps of Stage C (default: the model's own, else 60)", steps),
    {
      flags: "--prior-guidance <x>",
      help: "guidance scale of Stage C; above 1 it doubles the work (default: the model's own, else 4)",
      parse: numberOption("--prior-guidance", scale),
    },
    timesteps(
      "--prior-timesteps <list>",
      `times from 1 down to 0 with commas between them, or ${presets}; not with steps`,
    ),
    integer("--steps <n>", "same as --prior-steps", steps),
    { flags: "--cfg-scale <x>", help: "same as --prior-guidance", parse: numberOption("--cfg-scale", scale) },
    timesteps("--timesteps <list>", "same as --prior-timesteps"),
    integer("--decoder-steps <n>", "steps of Stage B (default: the model's own, else 12)", steps),
    {
      flags: "--decoder-guidance <x>",
      help: "guidance scale of Stage B (default: the model's own, else 0)",
      parse: numberOption("--decoder-guidance", scale),
    },
    timesteps("--decoder-timesteps <list>", "times of Stage B, written like those of the prior"),
    choice(
      "--rng <kind>",
      "how noise is drawn; torch: a seed gives the picture that diffusers gives with a CPU generator (CUDA's generator is " +
        "not covered); stream: noise that does not depend on the rest of the batch (default: torch)",
      ["torch", "stream"],
    ),
    integer("--decoder-seed <n>", "gives Stage B a generator of its own", seeds),
  ],
  "Sampling, in detail:": [
    ...samplingFlags("prior"),
    ...samplingFlags("decoder"),
    { flags: "--scheduler <name|file>", help: "same as --prior-scheduler" },
    {
      flags: "--prior-plugin <name|file>",
      help:
        "make the image embedding by another prior, such as from-image or interpolate, in place of Stage C or around it",
    },
    {
      flags: "--post <name:key=value,…>",
      help:
        "change finished pictures by a post-processor of wuerstchen plugins list postprocessor, such as resize:scale=2; several " +
        "work one after the other",
      parse: (text, before) => [...(before as string[] | false | undefined || []), text],
    },
    { flags: "--no-post", help: "leave out the post-processors of what is repeated or continued" },
    {
      flags: "--allow-plugin <file>",
      help:
        "load a plugin from a file, npm:… or https://…, which then runs with all rights of this program; may be repeated",
      parse: (text, before) => [...(before as string[] | undefined ?? []), text],
    },
  ],
  "Output:": [
    {
      flags: "-o, --output <name>",
      help:
        "file to write, with {prompt}, {seed} and {index} (from 0) filled in; its ending decides the format, and a name " +
        "without one gets it; a folder keeps the default names; - pipes the picture to standard output " +
        "(default: {prompt}-{seed}.png here, with -2, -3 … where that is taken)",
    },
    { flags: "--force", help: "replace files that --output or --save-tensors names" },
    choice("--format <type>", "png, jpg or webp (default: by the ending of --output, else png)", [
      "png",
      "jpg",
      "webp",
    ]),
    { flags: "--no-metadata", help: "leave out prompt, settings and weight hashes, which -C and info read" },
    { flags: "--no-show", help: "do not show the picture on the terminal" },
    {
      flags: "--preview",
      help: "show the picture on the terminal while Stage B works, and Stage C where the model has a preview decoder",
    },
    integer("--preview-every <n>", "like --preview, every n steps (default: 4)", { min: 1, max: maxSteps }),
    {
      flags: "--json",
      help: "one JSON object at the end on standard output: paths, seeds, options, plan, timings, model",
    },
    { flags: "--jsonl", help: "one JSON object an event on standard output" },
    { flags: "-q, --quiet", help: "print paths only" },
    { flags: "-v, --verbose", help: "show the size plan and the time of each stage" },
  ],
  "Half a run:": [
    choice("--stop-after <stage>", "write the state after Stage C (prior) or Stage B (decoder) to a safetensors file", [
      "prior",
      "decoder",
    ]),
    {
      flags: "--from <file>",
      help: "continue where --stop-after stopped, on this or another machine; settings and model come from it",
    },
    {
      flags: "--prior-latents <file>",
      help: "initial noise of Stage C out of a safetensors file, in place of drawing it",
    },
    { flags: "--decoder-latents <file>", help: "initial noise of Stage B, likewise" },
    { flags: "--save-tensors <file>", help: "write every intermediate tensor of one run to a safetensors file" },
  ],
  "Machine:": [
    integer(
      "-t, --threads <n>",
      "threads (default: one a core); another number may change the last bits of a picture",
      {
        min: 1,
        max: 256,
      },
    ),
    {
      flags: "--device <name>",
      help:
        "what the networks run on: auto, cpu, cuda, tensorrt, webgpu, coreml or dml, or one for each, such as prior=cuda,decoder=cpu; " +
        "wuerstchen doctor says which are ready (default: cpu)",
      parse: deviceOption,
    },
    {
      flags: "--runtime <name|file>",
      help: "run the networks by another runtime of wuerstchen plugins list runtime (default: onnxruntime)",
    },
    {
      flags: "--max-memory <size>",
      help:
        "keep below this, such as 2GiB, by tiles, smaller batches and, unless --precision says it, fewer bits, or refuse; mapped weights " +
        "count (default: WUERSTCHEN_MAX_MEMORY, else what is free, mapped weights left out)",
      parse: bytesOption("--max-memory"),
    },
    integer("--tile <px>", "let Stage A decode at most that many pixels a side at once; the same picture to rounding", {
      min: 1,
      max: maxTile,
    }),
    integer(
      "--batch-size <n>",
      "run at most n pictures of --images-per-prompt at once; the same pictures to rounding",
      {
        min: 1,
        max: maxBatch,
      },
    ),
    { flags: "--ignore-memory", help: "try what needs more memory than is free, in place of refusing it" },
    { flags: "--keep-loaded", help: "keep every stage in memory, in place of one at a time: faster for many pictures" },
  ],
  "Help:": [
    { flags: "--debug", help: "show the stack of an error" },
  ],
};

const examples = `
Examples:
  wuerstchen generate "a red apple on a blue background"
  wuerstchen generate "a whale" -s 1,2,5-8 -o "whale-{seed}.png"
  wuerstchen generate "a fox" -b 4 --format webp --json
  echo "an owl" | wuerstchen generate - -o - > owl.png
  wuerstchen generate -C a-whale-7.png -s 8
  wuerstchen generate "a fox" --prior-scheduler ddim --prior-scheduler-eta 0.5
  wuerstchen generate "a fox" --post resize:scale=2 --post sharpen --post format:type=jpg,quality=80

Progress, warnings and errors go to standard error, paths and data to standard output. Sizes are in pixels, times in seconds.
`;

/** Builds the command. */
export function generateCommand(): Command {
  const command = new Command("generate")
    .summary("paint pictures from text")
    .description("Paints pictures from text: prints the path of each, and shows it on a terminal.")
    .usage('[flags] "<prompt>"')
    .argument("[prompt]", "what to paint, in quotes; - reads it from standard input")
    .addHelpText("after", examples)
    .action(async (_prompt: string | undefined, flags: GenerateFlags, { args }: Command) => {
      const { runGenerate } = await import("./_run_generate.ts");
      await runGenerate(args, flags);
    });
  for (const [heading, flags] of Object.entries(groups)) {
    for (const { flags: text, help, parse, choices } of flags) {
      const option = new Option(text, help).helpGroup(heading);
      if (choices) option.choices([...choices]);
      if (parse) option.argParser(parse);
      command.addOption(option);
    }
  }
  return command;
}
