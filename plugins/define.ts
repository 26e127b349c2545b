/**
 * What a plugin is: one file whose default export is made by one of these functions.
 * @module
 */
import type { z } from "zod";
import type {
  Autoencoder,
  Compressor,
  Decoder,
  Metric,
  PartContext,
  Prior,
  Runtime,
  TextEncoder,
  TextEncoderContext,
} from "./contracts/parts.ts";
import type { Postprocessor } from "./contracts/postprocessor.ts";
import type { Scheduler, SchedulerContext } from "./contracts/scheduler.ts";

/** What a plugin of each kind makes, and what from. */
export interface Kinds {
  /** Prompts to states. */
  readonly textEncoder: { readonly part: TextEncoder; readonly context: TextEncoderContext };
  /** Prompts to image embeddings. */
  readonly prior: { readonly part: Prior; readonly context: PartContext };
  /** Image embeddings to latents. */
  readonly decoder: { readonly part: Decoder; readonly context: PartContext };
  /** Latents to pixels and back. */
  readonly autoencoder: { readonly part: Autoencoder; readonly context: PartContext };
  /** Pixels to image embeddings. */
  readonly compressor: { readonly part: Compressor; readonly context: PartContext };
  /** Noise to data. */
  readonly scheduler: { readonly part: Scheduler; readonly context: SchedulerContext };
  /** Pictures to pictures. */
  readonly postprocessor: { readonly part: Postprocessor; readonly context: undefined };
  /** Pictures to numbers. */
  readonly metric: { readonly part: Metric; readonly context: undefined };
  /** Graphs to sessions. */
  readonly runtime: { readonly part: Runtime; readonly context: undefined };
}

/** A kind of plugin. */
export type Kind = keyof Kinds;

/** What an author writes. */
export interface Definition<K extends Kind, Schema extends z.ZodType = z.ZodType> {
  /** What it is chosen by: small letters, digits and hyphens. */
  readonly name: string;
  /** One line on what it does. */
  readonly summary: string;
  /** Where it is published. */
  readonly paper?: string;
  /** Networks of a model: what their `config.json` calls them in `_class_name` or `architectures`. */
  readonly classes?: readonly string[];
  /** Its options, a `z.strictObject`: validates them, and makes their documentation and flags. None where left out. */
  readonly options?: Schema;
  /** Makes the part. The options have been validated. */
  create(options: z.output<Schema>, context: Kinds[K]["context"]): Kinds[K]["part"] | Promise<Kinds[K]["part"]>;
}

/** A plugin of a kind. */
export interface Plugin<K extends Kind = Kind, Schema extends z.ZodType = z.ZodType> extends Definition<K, Schema> {
  /** What it makes. */
  readonly kind: K;
}

/** Makes a plugin of a kind out of what its author writes. */
export type Define<K extends Kind> = <Schema extends z.ZodType>(definition: Definition<K, Schema>) => Plugin<K, Schema>;

function definer<K extends Kind>(kind: K): Define<K> {
  return (definition) => ({ kind, ...definition });
}

/** Defines a text encoder: prompts to states. */
export const defineTextEncoder: Define<"textEncoder"> = definer("textEncoder");
/** Defines a prior: prompts to the image embedding. */
export const definePrior: Define<"prior"> = definer("prior");
/** Defines a decoder: the image embedding to latents. */
export const defineDecoder: Define<"decoder"> = definer("decoder");
/** Defines an autoencoder: latents to pixels and back. */
export const defineAutoencoder: Define<"autoencoder"> = definer("autoencoder");
/** Defines a compressor: pixels to image embeddings. */
export const defineCompressor: Define<"compressor"> = definer("compressor");
/** Defines a scheduler: how a sample is led from noise to data. */
export const defineScheduler: Define<"scheduler"> = definer("scheduler");
/** Defines a post-processor: changes finished pictures. */
export const definePostprocessor: Define<"postprocessor"> = definer("postprocessor");
/** Defines a metric: measures pictures. */
export const defineMetric: Define<"metric"> = definer("metric");
/** Defines a runtime: runs ONNX models. */
export const defineRuntime: Define<"runtime"> = definer("runtime");
