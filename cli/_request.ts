/**
 * Makes the runs of a command out of its flags. Everything that can be known to be wrong without a model is found here.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import type { LoraChoice } from "../pipeline/loras.ts";
import type { PictureMetadata } from "../pipeline/metadata.ts";
import type { PrecisionChoice } from "../pipeline/precisions.ts";
import { type PresetName, withoutGoverned } from "../pipeline/presets.ts";
import type { SampledStage } from "../pipeline/sampling.ts";
import type { GenerateOptions, HandOver, ResolvedOptions } from "../pipeline/types.ts";
import type { Encoding } from "../plugins/contracts/postprocessor.ts";
import type { PluginChoice, Registry } from "../plugins/registry.ts";
import type { SpacingName } from "../schedulers/spacings.ts";
import { expandPrompt, fillWildcards } from "../text/expand_prompt.ts";
import { chooseModel } from "./_earlier_model.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { readLatents } from "../pipeline/read_latents.ts";
import { maxPictures, randomSeed } from "./_options.ts";
import type { NameParts } from "./_output_name.ts";
import { encodingOfPost, readPost } from "./_post.ts";
import { missingPrompt, readPrompts } from "./_prompts.ts";
import { readWildcards, type Wildcards } from "./_wildcards.ts";
import { chosenPlugin, openRegistry } from "./_registry.ts";

/** What a command asks for. */
export interface GenerateRequest {
  /** Name or folder of the model; the default one where left out. */
  readonly model: string | undefined;
  /** Folders of halves that replace the model's. */
  readonly prior: string | undefined;
  readonly decoder: string | undefined;
  readonly variant: string | undefined;
  readonly precision: PrecisionChoice | "auto" | undefined;
  readonly threads: number | undefined;
  /** LoRAs to be added to the model. */
  readonly loras: readonly LoraChoice[];
  /** What runs the networks; the usual runtime where left out. */
  readonly runtime: PluginChoice | undefined;
  /** How pictures want to be stored where no flag says otherwise. */
  readonly encoding: Encoding;
  /** The plugins that the flags allow, and what comes along. */
  readonly registry: Registry;
  /** One entry a generation. */
  readonly runs: readonly GenerateOptions[];
  /** What each file will be named after, all runs in order. */
  readonly files: readonly NameParts[];
  /** The picture whose settings were taken over. */
  readonly repeats: PictureMetadata | undefined;
  /** The state that the run continues. */
  readonly from: HandOver | undefined;
}

type Settings = Omit<GenerateOptions, "prompt"> & { prompt?: string | readonly string[] };

/**
 * Makes the runs of a command.
 *
 * @param words what stands behind the command's name
 * @throws {ConfigError} where flags exclude each other or a prompt is missing or no text
 * @throws {CheckpointError} where a file that the flags name is missing or damaged
 */
export async function readRequest(
  words: readonly string[],
  flags: GenerateFlags,
  { stdin }: { stdin?: ReadableStream<Uint8Array> } = {},
): Promise<GenerateRequest> {
  checkConflicts(flags);
  const written = await readPrompts({ ...flags, words }, stdin ? { stdin } : {});
  const prompts = flags.expand === false ? written : written.flatMap(expandPrompt);
  const wildcards = flags.wildcards === undefined
    ? new Map()
    : await readWildcards(prompts, { folder: flags.wildcards });
  if (prompts.length === 0 && flags.configFrom === undefined && flags.from === undefined) throw missingPrompt();
  const repeats = flags.configFrom === undefined ? undefined : await readPictureSettings(flags.configFrom);
  const from = flags.from === undefined ? undefined : await readFrom(flags.from, flags);
  const registry = await openRegistry(flags);
  const shared: Settings = {
    ...(repeats ? settingsOf(repeats.options, { isOther: prompts.length > 0, preset: flags.preset }) : {}),
    ...await ownSettings(flags, { registry, earlier: repeats?.options }),
    ...(from ? { from } : {}),
  };
  const runs = makeRuns(prompts, shared, { ...flags, lines: wildcards });
  const files = runs.flatMap(picturesOf).map((file, index) => ({ ...file, index }));
  if (files.length > maxPictures) throw tooMany(files.length);
  if (flags.saveTensors !== undefined && runs.length > 1) {
    throw new ConfigError(`Expected one run for --save-tensors but prompts and seeds make ${runs.length}`);
  }
  return {
    ...await chooseModel(flags, repeats?.model ?? from?.model),
    threads: flags.threads ?? repeats?.threads,
    loras: flags.lora ?? await earlierLoras(flags, { repeats, from }),
    registry,
    encoding: await encodingOfPost(shared.post ?? from?.options.post, { registry }),
    runtime: chosenPlugin("runtime", flags, { registry }),
    runs,
    // A hand-over is one file a run.
    files: flags.stopAfter === undefined ? files : runs.map((run, index) => ({ ...picturesOf(run)[0]!, index })),
    repeats,
    from,
  };
}

/** Flags that cannot be given together. `--steps` and the like are other names of the prior's. */
const exclusions: readonly (readonly [keyof GenerateFlags, string, keyof GenerateFlags, string])[] = [
  ["steps", "--steps", "priorSteps", "--prior-steps"],
  ["cfgScale", "--cfg-scale", "priorGuidance", "--prior-guidance"],
  ["timesteps", "--timesteps", "priorTimesteps", "--prior-timesteps"],
  ["steps", "--steps", "priorTimesteps", "--prior-timesteps"],
  ["steps", "--steps", "timesteps", "--timesteps"],
  ["priorSteps", "--prior-steps", "priorTimesteps", "--prior-timesteps"],
  ["priorSteps", "--prior-steps", "timesteps", "--timesteps"],
  ["decoderSteps", "--decoder-steps", "decoderTimesteps", "--decoder-timesteps"],
  ["scheduler", "--scheduler", "priorScheduler", "--prior-scheduler"],
  ["priorSpacing", "--prior-spacing", "priorTimesteps", "--prior-timesteps"],
  ["priorSpacing", "--prior-spacing", "timesteps", "--timesteps"],
  ["decoderSpacing", "--decoder-spacing", "decoderTimesteps", "--decoder-timesteps"],
  ["json", "--json", "jsonl", "--jsonl"],
  ["maxMemory", "--max-memory", "ignoreMemory", "--ignore-memory"],
  ["configFrom", "--config-from", "from", "--from"],
  ["from", "--from", "seed", "--seed"],
  ["from", "--from", "batchCount", "--batch-count"],
  ["from", "--from", "promptFile", "--prompt-file"],
  ["from", "--from", "priorLatents", "--prior-latents"],
  ["from", "--from", "imageIndex", "--image-index"],
];

function checkConflicts(flags: GenerateFlags): void {
  for (const [one, oneFlag, other, otherFlag] of exclusions) {
    if (flags[one] !== undefined && flags[other] !== undefined) {
      throw new ConfigError(`Expected ${oneFlag} or ${otherFlag} but found both`);
    }
  }
  if (flags.batchCount !== undefined && flags.seed !== undefined && flags.seed.length > 1) {
    throw new ConfigError("Expected --batch-count or several seeds in --seed but found both");
  }
  const report = flags.json ? "--json" : flags.jsonl ? "--jsonl" : undefined;
  if (flags.output === "-" && report !== undefined) {
    throw new ConfigError(`Expected --output - or ${report} but found both: standard output can hold one of them`);
  }
  if (flags.stopAfter === "prior" && flags.decoderLatents !== undefined) {
    throw new ConfigError("Expected no --decoder-latents with --stop-after prior, which does not run that stage");
  }
}

async function readPictureSettings(path: string): Promise<PictureMetadata> {
  const { readPicture } = await import("./_picture_file.ts");
  const { metadata } = await readPicture(path);
  if (metadata) return metadata;
  throw new CheckpointError(`${path}: Expected a picture painted by wuerstchen but found no settings in it`);
}

/** The LoRAs of what is repeated, or those of them that a run which is continued still needs. */
async function earlierLoras(
  { configFrom, from: file }: GenerateFlags,
  { repeats, from }: Pick<GenerateRequest, "repeats" | "from">,
): Promise<LoraChoice[]> {
  const needed = from?.model.loras?.filter(({ networks }) => networks.some((name) => !name.startsWith("prior")));
  const loras = repeats?.model.loras ?? needed ?? [];
  if (loras.length === 0) return [];
  const { repeatLoras } = await import("../pipeline/loras.ts");
  return await repeatLoras(loras, { of: (configFrom ?? file)! });
}

async function readFrom(path: string, { stopAfter, decoderLatents }: GenerateFlags): Promise<HandOver> {
  const { readHandOver } = await import("../pipeline/hand_over.ts");
  const from = await readHandOver(path);
  const done = from.kind === "image_embeddings" ? ["prior"] : ["prior", "decoder"];
  if (stopAfter !== undefined && done.includes(stopAfter)) {
    throw new ConfigError(
      `Expected --stop-after to come after what ${path} holds (${from.kind}) but found ${stopAfter}`,
    );
  }
  if (decoderLatents !== undefined && from.kind === "latents") {
    throw new ConfigError(`Expected no --decoder-latents with ${path}, which holds the result of that stage`);
  }
  return from;
}

/**
 * The settings of a picture as options: a list of times stands for its steps.
 *
 * @param options.isOther another prompt is painted, of which what stages were told in place of the first says nothing
 * @param options.preset takes the place of how it was sampled
 */
function settingsOf(
  { priorSteps, decoderSteps, priorPrompt, decoderPrompt, ...rest }: ResolvedOptions,
  { isOther, preset }: { isOther: boolean; preset: PresetName | undefined },
): Settings {
  const times = (stage: SampledStage) => rest[`${stage}Timesteps`] !== undefined || preset !== undefined;
  return {
    ...(preset === undefined ? rest : withoutGoverned(rest)),
    ...(isOther || priorPrompt === undefined ? {} : { priorPrompt }),
    ...(isOther || decoderPrompt === undefined ? {} : { decoderPrompt }),
    ...(times("prior") ? {} : { priorSteps }),
    ...(times("decoder") ? {} : { decoderSteps }),
  };
}

/** What the flags themselves say, and nothing where they are silent, so that it can be laid over other settings. */
async function ownSettings(
  flags: GenerateFlags,
  { registry, earlier }: { registry: Registry; earlier: ResolvedOptions | undefined },
): Promise<Partial<Settings>> {
  const own: Partial<Settings> = {};
  const set = <Key extends keyof Settings>(key: Key, value: Settings[Key]) => {
    if (value !== undefined) own[key] = value;
  };
  set("priorPrompt", flags.priorPrompt);
  set("decoderPrompt", flags.decoderPrompt);
  set("negativePrompt", flags.negativePrompt);
  set("priorNegativePrompt", flags.priorNegativePrompt);
  set("decoderNegativePrompt", flags.decoderNegativePrompt);
  set("longPrompt", flags.longPrompt);
  set("plainPrompt", flags.plainPrompt);
  set("width", flags.width);
  set("height", flags.height);
  set("imagesPerPrompt", flags.imagesPerPrompt);
  set("imageIndex", flags.imageIndex);
  set("priorGuidance", flags.priorGuidance ?? flags.cfgScale);
  set("decoderGuidance", flags.decoderGuidance);
  set("rng", flags.rng);
  set("decoderSeed", flags.decoderSeed);
  set("stopAfter", flags.stopAfter);
  set("preset", flags.preset);
  set("tile", flags.tile);
  set("batchSize", flags.batchSize);
  const plugin = (slot: Parameters<typeof chosenPlugin>[0]): PluginChoice | undefined =>
    chosenPlugin(slot, flags, { registry, earlier });
  set("priorScheduler", plugin("priorScheduler") ?? plugin("scheduler"));
  set("decoderScheduler", plugin("decoderScheduler"));
  set("priorPlugin", plugin("priorPlugin"));
  if (flags.post !== undefined) set("post", readPost(flags.post || [], { registry }));
  for (const stage of ["prior", "decoder"] as const) {
    set(`${stage}Shift`, flags[`${stage}Shift`]);
    set(`${stage}GuidanceSchedule`, flags[`${stage}GuidanceSchedule`]);
    set(`${stage}GuidanceRescale`, flags[`${stage}GuidanceRescale`]);
    set(`${stage}StartStep`, flags[`${stage}StartStep`]);
    set(`${stage}StopStep`, flags[`${stage}StopStep`]);
    set(`${stage}NoiseSeed`, flags[`${stage}NoiseSeed`]);
  }
  replaceSteps(own, "prior", {
    spacing: flags.priorSpacing,
    steps: flags.priorSteps ?? flags.steps,
    times: flags.priorTimesteps ?? flags.timesteps,
  });
  replaceSteps(own, "decoder", {
    spacing: flags.decoderSpacing,
    steps: flags.decoderSteps,
    times: flags.decoderTimesteps,
  });
  for (const stage of ["prior", "decoder"] as const) {
    const path = flags[`${stage}Latents`];
    if (path !== undefined) own[`${stage}Latents`] = await readLatents(path, { stage });
  }
  return own;
}

/** Steps and ways to spread them replace a list of times that came from elsewhere, and the other way round. */
function replaceSteps(
  own: Partial<Settings>,
  stage: "prior" | "decoder",
  { spacing, steps, times }: {
    spacing: SpacingName | undefined;
    steps: number | undefined;
    times: readonly number[] | undefined;
  },
): void {
  if (spacing !== undefined || times !== undefined) own[`${stage}Spacing`] = spacing;
  if (steps === undefined && times === undefined && spacing === undefined) return;
  own[`${stage}Timesteps`] = times;
  if (steps !== undefined || times !== undefined) own[`${stage}Steps`] = steps;
}

function makeRuns(
  prompts: readonly string[],
  shared: Settings,
  { lines, ...flags }: GenerateFlags & { readonly lines: Wildcards },
): GenerateOptions[] {
  const base = shared.prompt ?? shared.from?.options.prompt;
  if (prompts.length > 0 && base !== undefined && typeof base !== "string") {
    const source = flags.configFrom ?? flags.from;
    throw new ConfigError(
      `Expected no other prompt with ${source}, which was made from ${base.length} prompts at once`,
    );
  }
  const perPrompt = flags.seed?.length ?? flags.batchCount ?? 1;
  if (prompts.length * perPrompt > maxPictures) throw tooMany(prompts.length * perPrompt);
  const runs: GenerateOptions[] = [];
  for (const prompt of prompts.length > 0 ? prompts : [base!]) {
    for (const seed of seedsOf(shared, flags)) {
      const filled = typeof prompt === "string" && typeof seed === "number"
        ? fillWildcards(prompt, { seed, lines })
        : prompt;
      runs.push({ ...shared, prompt: filled, seed });
    }
  }
  return runs;
}

/** The seeds of one prompt: a random one is drawn here, since file names need it before the model is loaded. */
function seedsOf({ seed, from }: Settings, flags: GenerateFlags): (number | readonly number[] | undefined)[] {
  if (from) return [undefined];
  const list = flags.seed ?? (seed === undefined ? [randomSeed] : [seed]);
  const drawn = list.map((entry) => entry === randomSeed ? drawSeed() : entry);
  const { batchCount } = flags;
  if (batchCount === undefined) return drawn;
  const [first] = drawn;
  if (typeof first !== "number") {
    throw new ConfigError(`Expected one seed for --batch-count but ${flags.configFrom} has several: add --seed`);
  }
  if (first > Number.MAX_SAFE_INTEGER - (batchCount - 1)) {
    throw new ConfigError(`Expected the last of ${batchCount} seeds to be at most ${Number.MAX_SAFE_INTEGER}`);
  }
  return Array.from({ length: batchCount }, (_, i) => first + i);
}

/** A random seed in 0 … 2³² − 1. */
function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

/** Prompt and seed of every picture that a run makes. */
function picturesOf({ prompt, from, ...run }: GenerateOptions): { prompt: string; seed: number }[] {
  const prompts = typeof prompt === "string" ? [prompt] : prompt;
  const seed = run.seed ?? from!.options.seed;
  const each = run.imagesPerPrompt ?? from?.options.imagesPerPrompt ??
    (typeof seed === "number" ? 1 : seed.length / prompts.length);
  const count = prompts.length * each;
  // The numbers may come out of a file: they are checked before a list is made of them.
  if (count > maxPictures) throw tooMany(count);
  if (typeof seed !== "number" && seed.length !== count) {
    throw new ConfigError(`Expected a seed for each of the ${count} pictures but found ${seed.length}`);
  }
  return Array.from({ length: count }, (_, i) => ({
    prompt: prompts[Math.floor(i / each)]!,
    seed: typeof seed === "number" ? seed : seed[i]!,
  }));
}

function tooMany(count: number): ConfigError {
  return new ConfigError(`Expected at most ${maxPictures} pictures but prompts and seeds make ${count}`);
}
