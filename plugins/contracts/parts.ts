/**
 * What the networks of a model, and what comes after them, are: the kinds of plugins besides schedulers.
 *
 * Tensors are float32. A part that runs a network takes memory in `network.load()` and frees it in `network.release()`.
 * @module
 */
import type { Pixels } from "../../images/pixels.ts";
import type { AutoencoderStage } from "../../stages/autoencoder.ts";
import type { CompressorStage } from "../../stages/compressor.ts";
import type { DecoderStage } from "../../stages/decoder.ts";
import type { Network, NetworkOptions } from "../../stages/network.ts";
import type { PriorSizes } from "../../stages/prior.ts";
import type { TextSizes } from "../../stages/text_encoder.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { PromptParts } from "../../text/prompt_syntax.ts";
import type { Checkpoint } from "../../weights/checkpoint.ts";

/** Where a part of a model comes from. */
export interface PartContext {
  /** Folder of its `config.json` and its weights. */
  readonly folder: string;
  /** Its `config.json`. */
  readonly config: unknown;
  /** Its weights. */
  readonly checkpoint: Checkpoint;
  /** How its sessions run, and what is added to its weights. */
  readonly options: NetworkOptions;
}

/** A text encoder's files. */
export interface TextEncoderContext extends PartContext {
  /** Folder of its tokenizer. */
  readonly tokenizer: string;
}

/** Prompts to the states that networks are conditioned on. */
export interface TextEncoder {
  /** Takes and frees memory. */
  readonly network: Network<TextSizes>;
  /** Tokens that every prompt is padded or cut to. */
  readonly tokens: number;
  /** The words of `prompt` that do not fit; `""` where all do. */
  truncated(prompt: string): string;
  /** [prompts, tokens, width]. */
  encode(prompts: readonly string[]): Promise<Tensor<"float32">>;
  /**
   * States of one prompt with weights, in parts: [1, n·tokens, width], a row of tokens after the other. With `chunk`, a part that does not
   * fit goes on in a further row; else it is cut, and `lost` says where. Left out by encoders that take prompts as they are alone.
   */
  encodeParts?(
    parts: PromptParts,
    options: { readonly chunk: boolean },
  ): Promise<{ readonly states: Tensor<"float32">; readonly lost: string }>;
}

/** A network that is sampled to give the image embedding: Stage C. */
export interface DenoisingPrior {
  /** Channels of its latents, and so of the embedding. */
  readonly channels: number;
  /** Takes and frees memory. */
  readonly network: Network<PriorSizes>;
  /**
   * Predicts from `latents` [b, channels, h, w] at time `t`, given `text` [copies·b, tokens, width]: [copies·b, channels, h, w], all
   * latents with the first rows of text, then all with the next ones.
   */
  predict(
    latents: Tensor<"float32">,
    at: { readonly t: number; readonly text: Tensor<"float32"> },
  ): Promise<Tensor<"float32">>;
}

/** What an embedding is wanted for. */
export interface EmbeddingRequest {
  /** A prompt for each picture. */
  readonly prompts: readonly string[];
  /** [pictures, channels, h, w] of the embedding. */
  readonly shape: readonly [pictures: number, channels: number, height: number, width: number];
  /** Size of the picture in pixels. */
  readonly picture: { readonly height: number; readonly width: number };
  /** Ends the run where it is aborted. */
  readonly signal: AbortSignal;
}

/** Work whose steps are reported on the way. */
export type Steps<Result> = AsyncGenerator<unknown, Result>;

/** What an embedding can be made with. Tensors have the request's shape where nothing else is said. */
export interface EmbeddingTools {
  /** The initial noise of the run, or of another seed. */
  noise(seed?: number): Tensor<"float32">;
  /** Text states [pictures, tokens, width] of a prompt for each picture. */
  encode(prompts: readonly string[]): Steps<Tensor<"float32">>;
  /**
   * Runs the model's own Stage C with the sampling settings of the run: `latents` → embedding, given `text` [pictures, tokens, width].
   * With `strength` below 1, `latents` are an embedding, to which noise is added, and only the last steps are taken.
   */
  denoise(
    latents: Tensor<"float32">,
    options: { readonly text: Tensor<"float32">; readonly strength?: number },
  ): Steps<Tensor<"float32">>;
  /** The compressor's embedding of pixels 0…1 [pictures, channels, height, width], which have the size of the picture. */
  compress(pixels: Tensor<"float32">): Steps<Tensor<"float32">>;
  /** Reads a PNG, JPEG or WebP, cut to the middle and resized to the picture's size: [1, channels, height, width]. */
  readPicture(file: string): Promise<Tensor<"float32">>;
}

/** Makes the image embedding itself, in place of the model's Stage C or around it. */
export interface EmbeddingPrior {
  /** The embedding, of the request's shape: a promise, or a generator that passes on the steps of what it calls (`yield*`). */
  embed(
    request: EmbeddingRequest,
    tools: EmbeddingTools,
  ): Promise<Tensor<"float32">> | Steps<Tensor<"float32">>;
  /** Frees what it holds, once a run has ended. */
  dispose?(): void | Promise<void>;
}

/** Either kind of prior: one that a model's `prior/config.json` names, or one that is chosen for a run. */
export type Prior = DenoisingPrior | EmbeddingPrior;

/** Stage B. */
export type Decoder = Pick<DecoderStage, "config" | "multiple" | "network" | "predict">;

/** Stage A. One that does not say its `reach` decodes whole pictures alone. */
export type Autoencoder =
  & Pick<
    AutoencoderStage,
    "config" | "network" | "encoder" | "pixelsPerLatent" | "decode" | "encode" | "release"
  >
  & Partial<Pick<AutoencoderStage, "reach">>;

/** Pictures to embeddings. */
export type Compressor = Pick<CompressorStage, "config" | "channels" | "network" | "embed">;

/** What the numbers of a metric are. */
export interface Measured {
  /** Unit of its numbers, such as `dB`; `""` where there is none, `"share"` of what lies between 0 and 1. */
  readonly unit: string;
  /** Which of two numbers says that pictures are better. */
  readonly better: "higher" | "lower";
}

/** Measures a picture against another one. The number of several pictures is the mean of theirs. */
export interface PairMetric extends Measured {
  /** How near `picture` is to `reference`, which has the same size and channels. */
  measure(picture: Pixels, reference: Pixels): Promise<number> | number;
}

/** Measures a set of pictures against another set, by the features that a model's compressor sees in them. */
export interface SetMetric extends Measured {
  /** How near `pictures` are to `references`: what a model painted, and true pictures, as many or not. */
  compare(pictures: FeatureSet, references: FeatureSet): Promise<SetMeasure> | SetMeasure;
}

/**
 * Pictures as their features. Who calls a metric computes them (`Pipeline.embed()`, a row a picture), so that several metrics share them
 * and no picture has to stay in memory.
 */
export interface FeatureSet {
  /** [pictures, width]. */
  readonly features: Tensor<"float32">;
  /** What each picture was painted from, or shows; needed by metrics that ask whether a picture shows what it should. */
  readonly captions?: readonly string[] | undefined;
  /** A picture is compared with references of its own group alone, such as those on one background. Left out, all are one group. */
  readonly groups?: readonly string[] | undefined;
}

/** What a {@linkcode SetMetric} found. */
export interface SetMeasure {
  /** The number, in the metric's unit. */
  readonly value: number;
  /** Pictures that the value is over: the sample size, which belongs beside it wherever it is shown. */
  readonly count: number;
  /** A number for each picture whose mean is the value, for confidence intervals; only where the value is such a mean. */
  readonly values?: readonly number[] | undefined;
}

/** Either kind of metric: `"measure" in metric` tells them apart. */
export type Metric = PairMetric | SetMetric;

export type { Runtime, RuntimeSession, SessionInput, SessionOptions } from "../../runtime/runtime.ts";
