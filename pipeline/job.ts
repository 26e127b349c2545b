/**
 * One generation on its way through the stages.
 * @module
 */
import { CheckpointError, ConfigError } from "../errors.ts";
import type { Scheduler, SchedulerContext } from "../plugins/contracts/scheduler.ts";
import type { Registry } from "../plugins/registry.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import type { Thrift } from "./fit_memory.ts";
import type { Batches } from "./stage_networks.ts";
import { batchOf, guidanceScales, isGuided } from "./guidance.ts";
import { createNoise, type Noise } from "./noise.ts";
import { planSizes, type Size, type SizePlan, type SizeRules } from "./plan.ts";
import { type ModelDefaults, resolveOptions } from "./options.ts";
import {
  planTimes,
  type ResolvedSampling,
  type SampledStage,
  samplingKeys,
  samplingOf,
  stagedKey,
  takenScales,
} from "./sampling.ts";
import type { GeneratedImage, GenerateOptions, HandOver, ResolvedOptions, StageName, StagePlan } from "./types.ts";

/** The pictures of one prompt, on their way through Stages B and A. */
export interface DecoderGroup {
  /** Name in saved tensors: `decoder`, or `decoder0`, `decoder1` … with several prompts. */
  readonly name: string;
  /** What Stage B is told to paint, and not to. */
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Place of its first picture in the run. */
  readonly first: number;
  /** Stage B's result [imagesPerPrompt, 4, h, w]. */
  latents?: Tensor<"float32">;
}

/** Cells of Stage B's latents up to which a larger batch keeps the processor's cores busier. */
const batchedCells = 8192;

/** A generation: its settings, and what the stages have made of it so far. */
export class Job {
  readonly index: number;
  readonly request: GenerateOptions;
  readonly plan: SizePlan;
  readonly prompts: readonly string[];
  /** What each stage is told to paint, a text a prompt: the prompts, unless the stage was given others. */
  readonly stagePrompts: Readonly<Record<SampledStage, readonly string[]>>;
  /** What each stage is told not to paint, a text a prompt. */
  readonly negativePrompts: Readonly<Record<SampledStage, readonly string[]>>;
  readonly groups: readonly DecoderGroup[];
  readonly warnings: string[] = [];
  readonly images: GeneratedImage[] = [];
  #options: ResolvedOptions;
  readonly #priorNoise: Noise;
  readonly #decoderNoise: Noise;
  /** Sources of the noise that steps add, where they are not those of the initial noise. */
  readonly #stepNoise: Partial<Record<SampledStage, Noise>> = {};
  /** Stage C's result [b, 16, n, m]. */
  embeddings: Tensor<"float32"> | undefined;

  /** @throws {ConfigError} where the request does not fit the model */
  constructor(
    request: GenerateOptions,
    { index, rules, defaults, registry, forecast }: {
      index: number;
      rules: SizeRules;
      defaults: ModelDefaults;
      registry: Registry;
      /** Memory of a size in words, for the error of a size that is out of bounds. */
      forecast?: (size: Size) => string;
    },
  ) {
    this.index = index;
    this.request = request;
    this.#options = resolveOptions(request, defaults, { registry });
    this.plan = planSizes(this.options, rules, { forecast });
    const { prompt, imagesPerPrompt, imageIndex: first, rng, seed, decoderSeed } = this.options;
    this.prompts = typeof prompt === "string" ? [prompt] : prompt;
    const each = (texts: string | readonly string[]) =>
      typeof texts === "string" ? this.prompts.map(() => texts) : texts;
    const promptsOf = (stage: SampledStage) => each(this.options[`${stage}Prompt`] ?? prompt);
    const negativesOf = (stage: SampledStage) =>
      each(this.options[`${stage}NegativePrompt`] ?? this.options.negativePrompt);
    this.stagePrompts = { prior: promptsOf("prior"), decoder: promptsOf("decoder") };
    this.negativePrompts = { prior: negativesOf("prior"), decoder: negativesOf("decoder") };
    this.groups = this.stagePrompts.decoder.map((text, i) => ({
      name: this.prompts.length > 1 ? `decoder${i}` : "decoder",
      prompt: text,
      negativePrompt: this.negativePrompts.decoder[i]!,
      first: i * imagesPerPrompt,
    }));
    const seeds = (value: number | readonly number[]) => typeof value === "number" ? [value] : value;
    checkContinuation(request);
    const states = request.from?.generators ?? [];
    if (request.from) checkStates(request.from, { options: this.options, count: this.count });
    this.#priorNoise = createNoise(rng, seeds(seed), { states, first });
    this.#decoderNoise = decoderSeed === undefined ? this.#priorNoise : createNoise(rng, seeds(decoderSeed), { first });
    for (const stage of ["prior", "decoder"] as const) {
      const { noiseSeed } = this.sampling(stage);
      if (noiseSeed !== undefined) {
        this.#stepNoise[stage] = createNoise(rng, seeds(seed).map(() => noiseSeed), { first });
      }
    }
    this.#takeHandOver(request.from);
  }

  /** Its settings, all filled in. */
  get options(): ResolvedOptions {
    return this.#options;
  }

  /** Takes settings that leave its pictures as they are. */
  save(thrift: Thrift): void {
    this.#options = { ...this.#options, ...thrift };
  }

  /** What a text's states are kept under: jobs may take the same text in different ways. */
  textKey(text: string): string {
    const { longPrompt = "truncate", plainPrompt = false } = this.options;
    return `${longPrompt} ${plainPrompt} ${text}`;
  }

  /** Pictures of the whole job. */
  get count(): number {
    return this.prompts.length * this.options.imagesPerPrompt;
  }

  /** The prompts that Stage B decodes together: as many as small pictures allow. */
  get decoderBatches(): readonly (readonly DecoderGroup[])[] {
    const { imagesPerPrompt, longPrompt } = this.options;
    const { height, width } = this.plan.decoder;
    const fitting = Math.max(1, Math.floor(batchedCells / (height * width * imagesPerPrompt)));
    // Long prompts may differ in their number of tokens.
    const size = longPrompt === "chunk" ? 1 : fitting;
    const batches: DecoderGroup[][] = [];
    for (let i = 0; i < this.groups.length; i += size) batches.push(this.groups.slice(i, i + size));
    return batches;
  }

  /** What each stage runs at once. */
  get batches(): Batches {
    return this.batchesOf(this.options);
  }

  /** What each stage would run at once, and how often, with at most `batchSize` pictures. */
  batchesOf({ batchSize }: Thrift): Batches {
    const batch = (stage: SampledStage, count: number) => {
      const size = Math.min(count, batchSize ?? count);
      const turns = Math.ceil(count / size);
      return { ...batchOf(size, this.#takenScales(stage)), ...(turns === 1 ? {} : { turns }) };
    };
    const [first] = this.decoderBatches;
    const decoder = batch("decoder", first!.length * this.options.imagesPerPrompt);
    return { prior: batch("prior", this.count), decoder };
  }

  /** How a stage is sampled; only what was given. */
  sampling(stage: SampledStage): ResolvedSampling {
    return samplingOf(this.options, stage);
  }

  /** Guidance scale of each step of a stage. */
  scales(stage: SampledStage): number[] {
    const { guidanceSchedule: schedule } = this.sampling(stage);
    return guidanceScales(this.options[`${stage}Guidance`], { steps: this.options[`${stage}Steps`], schedule });
  }

  /** Whether any step of a stage is guided. */
  isGuided(stage: SampledStage): boolean {
    return this.#takenScales(stage).some(isGuided);
  }

  #takenScales(stage: SampledStage): number[] {
    const { [`${stage}Guidance` as const]: scale, [`${stage}Steps` as const]: steps } = this.options;
    return takenScales(scale, { ...this.sampling(stage), steps });
  }

  /** Steps that a stage takes. */
  stepsTaken(stage: SampledStage): number {
    const { startStep = 0, stopStep = this.options[`${stage}Steps`] } = this.sampling(stage);
    return stopStep - startStep;
  }

  /** Whether this job still needs a stage. */
  needs(stage: "prior" | "decoder" | "pixels"): boolean {
    const order = ["prior", "decoder", "pixels"];
    const { from, stopAfter } = this.request;
    const first = from ? (from.kind === "image_embeddings" ? 1 : 2) : 0;
    const last = stopAfter ? order.indexOf(stopAfter) : 2;
    const place = order.indexOf(stage);
    return place >= first && place <= last;
  }

  /** The stages that the job will go through, with their steps. */
  stages(): StagePlan[] {
    const [priorSteps, decoderSteps] = [this.stepsTaken("prior"), this.stepsTaken("decoder")];
    const all: [boolean, StageName, number][] = [
      [this.needs("prior"), "prior text", 1],
      [this.needs("prior"), "prior", priorSteps],
      [this.needs("decoder"), "decoder text", 1],
      [this.needs("decoder"), "decoder", decoderSteps * this.decoderBatches.length],
      [this.needs("pixels"), "pixels", this.count],
      [this.needs("pixels") && this.options.post !== undefined, "post", this.count * (this.options.post?.length ?? 0)],
    ];
    return all.filter(([needed]) => needed).map(([, stage, total]) => ({ stage, total }));
  }

  /** Times of a stage, from 1 towards 0. */
  timesteps(
    stage: SampledStage,
    { scheduler, schedule }: Pick<SchedulerContext, "schedule"> & { scheduler: Scheduler & { readonly name: string } },
  ): ArrayLike<number> {
    const own = this.options[`${stage}Timesteps`];
    const times = own && Float32Array.from(own);
    return planTimes(scheduler, { ...this.sampling(stage), schedule, times, steps: this.options[`${stage}Steps`] });
  }

  /**
   * Checks initial noise that was handed in.
   *
   * @throws {ConfigError} where its shape is not that of the stage's latents
   */
  checkLatents(stage: "prior" | "decoder", channels: number): void {
    const own = this.request[`${stage}Latents`];
    const { height, width } = this.plan[stage];
    const whole = [this.count, channels, height, width];
    if (own && own.shape.join() !== whole.join()) {
      throw new ConfigError(
        `Expected ${stage}Latents to have the shape [${whole.join(", ")}] but found [${own.shape.join(", ")}]`,
      );
    }
  }

  /**
   * Checks the channels of what an earlier run handed over.
   *
   * @throws {CheckpointError} where they are not those of this model
   */
  checkHandOver({ image_embeddings, latents }: Readonly<Record<HandOver["kind"], number>>): void {
    const { from } = this.request;
    if (!from) return;
    const wanted = from.kind === "latents" ? latents : image_embeddings;
    if (from.tensor.shape[1] !== wanted) {
      throw new CheckpointError(
        `Expected ${from.kind} of ${wanted} channels for this model but found ${from.tensor.shape[1]}`,
      );
    }
  }

  /** Initial noise of a stage: the request's own, else drawn. */
  initialNoise(stage: "prior" | "decoder", shape: readonly number[], { first = 0 } = {}): Tensor<"float32"> {
    const own = this.request[`${stage}Latents`];
    if (!own) return this.noise(stage, shape, { step: 0, first });
    const size = own.data.length / this.count;
    return tensor("float32", shape, own.data.slice(first * size, (first + shape[0]!) * size));
  }

  /** Draws noise for a stage; step 0 is the initial one. */
  noise(
    stage: "prior" | "decoder",
    shape: readonly number[],
    { step, first = 0 }: { step: number; first?: number },
  ): Tensor<"float32"> {
    const own = step === 0 ? undefined : this.#stepNoise[stage];
    const source = own ?? (stage === "prior" ? this.#priorNoise : this.#decoderNoise);
    return source.draw(shape, { stage: stage === "prior" ? 0 : 1, step, image: first });
  }

  /** The initial noise of Stage C as this run would draw it, or one with another seed. */
  drawNoise(shape: readonly number[], { seed }: { seed: number | undefined }): Tensor<"float32"> {
    if (seed === undefined) return this.initialNoise("prior", shape);
    return createNoise(this.options.rng, [seed]).draw(shape, { stage: 0, step: 0, image: 0 });
  }

  /** Hands an intermediate tensor to whoever asked for them. */
  record(name: string, value: Tensor): void {
    this.request.onTensor?.(name, value);
  }

  /** State after Stage C or Stage B. */
  handOver(model: HandOver["model"]): HandOver {
    const { options } = this;
    if (this.request.stopAfter === "prior") {
      return {
        kind: "image_embeddings",
        tensor: this.embeddings!,
        options,
        generators: this.#decoderNoise.states(),
        model,
      };
    }
    const [, ...rest] = this.groups[0]!.latents!.shape;
    const latents = tensor("float32", [this.count, ...rest]);
    for (const { latents: part, first } of this.groups) {
      latents.data.set(part!.data, first * part!.data.length / part!.shape[0]!);
    }
    return { kind: "latents", tensor: latents, options, generators: [], model };
  }

  #takeHandOver(from: HandOver | undefined): void {
    if (!from) return;
    const size = from.kind === "image_embeddings" ? this.plan.prior : this.plan.decoder;
    const [batch, , height, width] = from.tensor.shape;
    if (from.tensor.shape.length !== 4 || batch !== this.count || height !== size.height || width !== size.width) {
      throw new ConfigError(
        `Expected ${from.kind} of ${this.count} × ${size.height} × ${size.width} for this picture but found ` +
          `[${from.tensor.shape.join(", ")}]: keep width, height and pictures per prompt as they were`,
      );
    }
    if (from.kind === "image_embeddings") this.embeddings = from.tensor;
    else {
      const row = from.tensor.data.length / batch!;
      const { imagesPerPrompt } = this.options;
      for (const group of this.groups) {
        const data = from.tensor.data.slice(group.first * row, (group.first + imagesPerPrompt) * row);
        group.latents = tensor("float32", [imagesPerPrompt, ...from.tensor.shape.slice(1)], data);
      }
    }
  }
}

/** Settings that a run which goes on from another one's state cannot change any more. */
const settled = [
  "seed",
  "rng",
  "imageIndex",
  "priorLatents",
  "priorSteps",
  "priorTimesteps",
  "priorGuidance",
  "priorPlugin",
  "priorPrompt",
  "priorNegativePrompt",
  ...samplingKeys.map((key) => stagedKey("prior", key)),
] as const;

/** @throws {ConfigError} where a request continues an earlier run and changes what that run has done already */
function checkContinuation(request: GenerateOptions): void {
  const { from, stopAfter } = request;
  if (!from) return;
  const changed = settled.find((name) => request[name] !== undefined);
  if (changed) throw new ConfigError(`Expected no ${changed} beside from: the earlier run has settled it`);
  const done = from.kind === "latents" ? ["prior", "decoder"] : ["prior"];
  if (stopAfter && done.includes(stopAfter)) {
    throw new ConfigError(`Expected stopAfter to come after ${from.kind} but found "${stopAfter}"`);
  }
}

/** @throws {CheckpointError} where the generators that Stage B goes on with are not those of the run */
function checkStates(
  { kind, generators }: HandOver,
  { options: { rng, seed, decoderSeed }, count }: { options: ResolvedOptions; count: number },
): void {
  if (kind === "latents" || rng === "stream" || decoderSeed !== undefined) return;
  const wanted = typeof seed === "number" ? 1 : count;
  if (generators.length !== wanted) {
    throw new CheckpointError(`Expected ${wanted} generator states in the hand-over but found ${generators.length}`);
  }
}
