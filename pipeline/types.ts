/**
 * What goes into a generation and what comes out of it.
 * @module
 */
import type { ImageFormat } from "../images/format.ts";
import type { Pixels } from "../images/pixels.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { PictureMetadata } from "./metadata.ts";
import type { SizePlan } from "./plan.ts";
import type { PrecisionChoice } from "./precisions.ts";
import type { PresetName } from "./presets.ts";
import type { Encoding } from "../plugins/contracts/postprocessor.ts";
import type { PluginChoice } from "../plugins/registry.ts";
import type { ResolvedSampling, SamplingOptions, Staged } from "./sampling.ts";

/**
 * The three stages, and the text encoder of each half, as events and errors name them; a reconstruction begins with Stage A's
 * encoder and the compressor; `post` is what post-processors do.
 */
export type StageName =
  | "prior text"
  | "prior"
  | "decoder text"
  | "decoder"
  | "pixels"
  | "post"
  | "encode"
  | "compressor";

/** How noise is drawn: torch's CPU generator, or a counter-based stream that does not depend on the rest of the batch. */
export type RngKind = "torch" | "stream";

/** One generation. Everything but the prompt has a default: the model's own where it has one, else diffusers'. */
export interface GenerateOptions extends Staged<"prior", SamplingOptions>, Staged<"decoder", SamplingOptions> {
  /** What to paint. Several prompts are one batch with one generator. */
  prompt: string | readonly string[];
  /** What Stage C alone is told to paint, in place of `prompt`: one for all prompts, or one a prompt. */
  priorPrompt?: string | readonly string[] | undefined;
  /** What Stage B alone is told to paint, likewise. */
  decoderPrompt?: string | readonly string[] | undefined;
  /** What not to paint: one for all prompts, or one a prompt. Without guidance it has no effect. Default `""`. */
  negativePrompt?: string | readonly string[] | undefined;
  /** What Stage C alone is told not to paint, in place of `negativePrompt`. */
  priorNegativePrompt?: string | readonly string[] | undefined;
  /** What Stage B alone is told not to paint, likewise. */
  decoderNegativePrompt?: string | readonly string[] | undefined;
  /** What becomes of a prompt that is longer than the text encoder: cut, as in the reference, or taken in chunks. Default `"truncate"`. */
  longPrompt?: "truncate" | "chunk" | undefined;
  /** Takes `(words:1.3)` and `BREAK` in prompts as they are written, in place of weights and parts. Default false. */
  plainPrompt?: boolean | undefined;
  /** Width of the picture in pixels, 64 to 4096. */
  width?: number | undefined;
  /** Height of the picture in pixels, 64 to 4096. */
  height?: number | undefined;
  /**
   * Start of the generator, 0 … 2⁵³ − 1; several seeds are one generator an image. Random (below 2³²) where left out. With `rng:
   * "torch"` only the low 32 bits count, as in torch: 7 and 7 + 2³² give the same picture; with `"stream"` all do.
   */
  seed?: number | readonly number[] | undefined;
  /** Gives Stage B a generator of its own; left out, the one of Stage C runs on. */
  decoderSeed?: number | readonly number[] | undefined;
  /** Pictures of each prompt out of one draw (diffusers' `num_images_per_prompt`). Default 1, or the number of seeds. */
  imagesPerPrompt?: number | undefined;
  /**
   * Makes pictures of a larger batch alone, with `rng: "stream"`: the first takes the noise of picture `imageIndex` (from 0, prompt
   * by prompt) of the run with the same seed, bit for bit; with several seeds, of each seed's own run. Default 0.
   */
  imageIndex?: number | undefined;
  /**
   * A prior that makes the image embedding in place of the model's Stage C, or around it: a name, or name and options, such as
   * `{ name: "from-image", options: { picture: "fox.png" } }`.
   */
  priorPlugin?: string | PluginChoice | undefined;
  /**
   * How long it may take: sampler, steps and where guidance acts, for both stages, where the options themselves say nothing; it replaces
   * those of a picture that is repeated. Give it to {@linkcode loadPipeline} too for its precision.
   */
  preset?: PresetName | undefined;
  /** Steps of Stage C. */
  priorSteps?: number | undefined;
  /** Guidance scale of Stage C; above 1 it is active and doubles the work. */
  priorGuidance?: number | undefined;
  /** Times of Stage C from 1 towards 0, in place of even steps; the last is where it ends. */
  priorTimesteps?: readonly number[] | undefined;
  /** Steps of Stage B. */
  decoderSteps?: number | undefined;
  /** Guidance scale of Stage B; above 1 it is active and doubles the work. */
  decoderGuidance?: number | undefined;
  /** Times of Stage B from 1 towards 0, in place of even steps. */
  decoderTimesteps?: readonly number[] | undefined;
  /**
   * Post-processors that each picture goes through, in this order: names, or names and options, such as
   * `{ name: "resize", options: { scale: 2 } }`.
   */
  post?: readonly (string | PluginChoice)[] | undefined;
  /** Default `"torch"`. */
  rng?: RngKind | undefined;
  /**
   * Longest side in pixels that Stage A decodes at once, halo included: less memory, the same picture to rounding with weights in floats.
   * Whole pictures where left out.
   */
  tile?: number | undefined;
  /** Most pictures of a draw that Stages C and B run at once, likewise. All where left out. */
  batchSize?: number | undefined;
  /** Ends after Stage C or Stage B; the result then has a {@linkcode HandOver} and no images. */
  stopAfter?: "prior" | "decoder" | undefined;
  /** Continues where another run stopped; its settings are defaults of this one. */
  from?: HandOver | undefined;
  /**
   * Repeats a picture: what {@linkcode readPictureMetadata} gives. Its settings are defaults of this run, and what keeps the pixels
   * from being the same (weights, version, threads, tensors that were handed in) becomes warnings.
   */
  repeats?: PictureMetadata | undefined;
  /** Initial noise of Stage C [b, 16, n, m], which is then not drawn. */
  priorLatents?: Tensor<"float32"> | undefined;
  /** Initial noise of Stage B [b, 4, h, w], which is then not drawn. */
  decoderLatents?: Tensor<"float32"> | undefined;
  /** Stops the run between two steps. */
  signal?: AbortSignal | undefined;
  /** Is handed every intermediate tensor under its name in the golden fixtures (`prior.latents.0` …). */
  onTensor?: ((name: string, tensor: Tensor) => void) | undefined;
}

/** A generation with every default filled in: enough to repeat it. */
export interface ResolvedOptions
  extends Readonly<Staged<"prior", ResolvedSampling>>, Readonly<Staged<"decoder", ResolvedSampling>> {
  /** What is painted; several prompts are one batch. */
  readonly prompt: string | readonly string[];
  /** What Stage C alone was told to paint; only where that was something else. */
  readonly priorPrompt?: string | readonly string[] | undefined;
  /** What Stage B alone was told to paint, likewise. */
  readonly decoderPrompt?: string | readonly string[] | undefined;
  /** What is not painted: one for all prompts, or one a prompt; `""` is nothing. */
  readonly negativePrompt: string | readonly string[];
  /** What Stage C alone was told not to paint; only where that was something else. */
  readonly priorNegativePrompt?: string | readonly string[] | undefined;
  /** What Stage B alone was told not to paint, likewise. */
  readonly decoderNegativePrompt?: string | readonly string[] | undefined;
  /** Only where prompts that are too long were taken in chunks. */
  readonly longPrompt?: "chunk" | undefined;
  /** Only where prompts were taken as they are written. */
  readonly plainPrompt?: true | undefined;
  /** Width of the picture in pixels. */
  readonly width: number;
  /** Height of the picture in pixels. */
  readonly height: number;
  /** Start of the generator, or of one generator an image. */
  readonly seed: number | readonly number[];
  /** Start of Stage B's own generator; only where it was given. */
  readonly decoderSeed?: number | readonly number[];
  /** Pictures of each prompt out of one draw. */
  readonly imagesPerPrompt: number;
  /** Place of the first picture in the larger batch that it belongs to; only where it is not 0. */
  readonly imageIndex?: number;
  /** The prior that made the image embedding; only where it was not the model's Stage C alone. */
  readonly priorPlugin?: PluginChoice | undefined;
  /** Steps of Stage C. */
  readonly priorSteps: number;
  /** Guidance scale of Stage C; up to 1 there is no guidance. */
  readonly priorGuidance: number;
  /** Times of Stage C from 1 towards 0; only where they were given. */
  readonly priorTimesteps?: readonly number[];
  /** Steps of Stage B. */
  readonly decoderSteps: number;
  /** Guidance scale of Stage B; up to 1 there is no guidance. */
  readonly decoderGuidance: number;
  /** Times of Stage B from 1 towards 0; only where they were given. */
  readonly decoderTimesteps?: readonly number[];
  /** Post-processors that each picture went through, in order; only where there were any. */
  readonly post?: readonly PluginChoice[] | undefined;
  /** How noise is drawn. */
  readonly rng: RngKind;
  /** Longest side in pixels that Stage A decoded at once; only where it was limited. */
  readonly tile?: number | undefined;
  /** Most pictures of a draw that were run at once; only where it was limited. */
  readonly batchSize?: number | undefined;
}

/** State between two stages, to continue on this or another machine. */
export interface HandOver {
  /** Which tensor it is: Stage C's result or Stage B's. */
  readonly kind: "image_embeddings" | "latents";
  /** image_embeddings [b, 16, n, m], or latents [b, 4, h, w] before the multiplication with `scale_factor`. */
  readonly tensor: Tensor<"float32">;
  /** Settings of the run that made it, which are defaults of the one that goes on. */
  readonly options: ResolvedOptions;
  /** State of each generator, where the rest of the run needs one. */
  readonly generators: readonly string[];
  /** Name and weight hashes of the model that made it. */
  readonly model: ModelIdentity;
}

/** Which weights painted a picture. */
export interface ModelIdentity {
  /** A bundled name such as `emoji`, else the model's absolute folder. */
  readonly name: string;
  /** Where the half that makes Stage C's embedding comes from, if not from `name`: likewise. */
  readonly prior?: string | undefined;
  /** Where the half that makes the picture comes from, if not from `name`: likewise. */
  readonly decoder?: string | undefined;
  /** Variant of the weights that was asked for, such as `fp16`. */
  readonly variant?: string | undefined;
  /** In how many bits the weights are kept; only where it is not as they were stored. */
  readonly precision?: PrecisionChoice | undefined;
  /**
   * sha256 of each network's weights: `prior`, `prior_text_encoder`, `decoder`, `decoder_text_encoder`, `vqgan`. Empty where the
   * model was loaded with `hashWeights: false`.
   */
  readonly weights: Readonly<Record<string, string>>;
  /** LoRAs that were added to the weights, in order; only where there are any. */
  readonly loras?: readonly LoraIdentity[] | undefined;
}

/** A LoRA that was added to a model's weights. */
export interface LoraIdentity {
  /** Absolute path of its file; a home folder at its beginning is written `~`. */
  readonly name: string;
  /** Its strength: 1 adds it as it was trained, 0 not at all, negative takes it away. */
  readonly scale: number;
  /** sha256 of its file. */
  readonly hash: string;
  /** Networks that it changes, named as in {@linkcode ModelIdentity.weights}. */
  readonly networks: readonly string[];
}

/** A finished picture. */
export interface GeneratedImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** 1: grey; 3: red, green, blue; 4: the same with alpha, not premultiplied. */
  readonly channels: 1 | 3 | 4;
  /** height × width × channels bytes, row by row. */
  readonly data: Uint8Array;
  /** Seed of the generator that it came from. */
  readonly seed: number;
  /** Its place among the pictures of the run, from 0. */
  readonly index: number;
  /** The prompt that it was painted from. */
  readonly prompt: string;
  /** How its post-processors want it to be stored; {@linkcode GeneratedImage.encode} takes the quality where none is given. */
  readonly encoding?: Encoding;
  /** Encodes it with the run's metadata inside. */
  encode(format: ImageFormat, options?: { metadata?: boolean; quality?: number }): Promise<Uint8Array>;
  /** Encodes it as a PNG with the run's metadata inside. */
  png(): Promise<Uint8Array>;
}

/** What a stage took. */
export interface StageTimings {
  /** Seconds of loading its network. */
  readonly load: number;
  /** Seconds of running it. */
  readonly run: number;
  /** Its steps, as its events count them. */
  readonly steps: number;
  /** Pictures and texts that its network was run on: guidance doubles them, and samplers may evaluate it more than once a step. */
  readonly evaluations: number;
}

/** Seconds that each part took. */
export interface Timings {
  /** Each stage's own; only of stages that ran. */
  readonly stages: Readonly<Partial<Record<StageName, StageTimings>>>;
  /** The whole run, from its start to its last picture. */
  readonly total: number;
}

/** What a run gives. */
export interface GenerateResult {
  /** The pictures, prompt by prompt; none with `stopAfter`. */
  readonly images: GeneratedImage[];
  /** The seed that was given, or the one that was drawn. */
  readonly seed: number | readonly number[];
  /** All settings, defaults filled in. */
  readonly options: ResolvedOptions;
  /** Sizes of the latents and of what was cut out. */
  readonly plan: SizePlan;
  /** Seconds that each part took. */
  readonly timings: Timings;
  /** What was lost or unusual, a line each: a truncated prompt, weights that are not those of what is repeated or continued. */
  readonly warnings: readonly string[];
  /** Which weights painted. */
  readonly model: ModelIdentity;
  /** What another run goes on from; only with `stopAfter`. */
  readonly handOver?: HandOver;
}

/** Something that happened during a run. `run` counts the generations of one {@linkcode Pipeline.generateAll} call. */
export type GenerateEvent =
  /** The whole run is resolved; nothing heavy has happened yet. */
  | {
    readonly type: "plan";
    readonly run: number;
    readonly plan: SizePlan;
    readonly options: ResolvedOptions;
    readonly stages: readonly StagePlan[];
    /** Only where memory is limited. */
    readonly memory?: MemoryPlan;
  }
  /** A network was loaded. */
  | { readonly type: "load"; readonly stage: StageName; readonly seconds: number }
  /**
   * A step of a stage is done; `latents()` copies its result. They are kept for as long as you keep the event, and for loops
   * that are yet to see it: one that begins after the step gets the event without, and `latents()` throws.
   */
  | {
    readonly type: "step";
    readonly run: number;
    readonly stage: StageName;
    /** From 1 to `total`. */
    readonly step: number;
    readonly total: number;
    /** What this step took. */
    readonly seconds: number;
    latents(): Tensor<"float32">;
    /**
     * Only in Stage B, and in Stage C where the model has a preview decoder: paints what the picture looks like after the newest step,
     * small. Works until the run has ended.
     */
    preview?(): Promise<Pixels>;
  }
  | WeightsEvent
  | { readonly type: "warning"; readonly run: number; readonly message: string }
  /** A picture is finished. */
  | { readonly type: "image"; readonly run: number; readonly image: GeneratedImage }
  /** A generation is finished: all its pictures, or its hand-over. */
  | { readonly type: "result"; readonly run: number; readonly result: GenerateResult };

/** How a generation keeps to the memory that it may take; in bytes. */
export interface MemoryPlan {
  /** What it may take. */
  readonly limit: number;
  /** What it is forecast to take at its highest, mapped weights included. */
  readonly peak: number;
  /** The stage that takes it. */
  readonly stage: string;
  /** What was chosen for that, in words: `weights in int8, Stage A in tiles of 512 px`; `""` where nothing had to be. */
  readonly how: string;
}

/**
 * Weights are being hashed and a picture waits for that: only where it takes long. It happens beside the stages, and once for
 * files that do not change.
 */
export interface WeightsEvent {
  /** Tells it from the other events. */
  readonly type: "weights";
  /** Bytes read so far. */
  readonly done: number;
  /** Bytes of all weights that are not known from an earlier run. */
  readonly total: number;
  /** Since reading began. */
  readonly seconds: number;
}

/** How many steps a stage will take in a run. */
export interface StagePlan {
  /** The stage. */
  readonly stage: StageName;
  /** Its steps, as its events count them. */
  readonly total: number;
}

/**
 * A running generation: await it for its result, or iterate over its events; both show the same run. It starts at the first
 * `await` or iteration. Leaving the loop cancels it between two steps.
 */
export interface Run<Result> extends PromiseLike<Result>, AsyncIterable<GenerateEvent> {}
