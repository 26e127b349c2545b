/**
 * What changes finished pictures.
 * @module
 */
import type { ImageFormat } from "../../images/format.ts";
import type { Pixels } from "../../images/pixels.ts";
import type { RuntimeSession, SessionOptions } from "../../runtime/runtime.ts";
import type { Steps } from "./parts.ts";

/** How a picture wants to be stored where nobody says otherwise. */
export interface Encoding {
  /** Type of its file. */
  readonly format?: ImageFormat | undefined;
  /** Of JPEG and WebP, 1 to 100. */
  readonly quality?: number | undefined;
}

/** Which picture is to be changed. */
export interface PostprocessRequest {
  /** What it was painted from. */
  readonly prompt: string;
  /** Seed of the generator that it came from. */
  readonly seed: number;
  /** Its place among the pictures of the run, from 0. */
  readonly index: number;
  /** Ends the run where it is aborted. */
  readonly signal: AbortSignal;
}

/** How a picture is painted again. */
export interface RefineOptions {
  /** Share of Stage B's steps that are taken again, above 0 and up to 1, which keeps the embedding alone. */
  readonly strength: number;
  /** Share of Stage C's steps that lead the embedding towards the prompt first. Default 0. */
  readonly priorStrength?: number | undefined;
  /** Other text; the picture's own where left out. */
  readonly prompt?: string | undefined;
  /** Start of the generator of the noise; the picture's own where left out. */
  readonly seed?: number | undefined;
}

/** What a picture can be changed with. */
export interface PostprocessTools {
  /** Opens an ONNX model on the runtime and threads of the run. Whoever opens it releases it. */
  openModel(model: Uint8Array, options?: Pick<SessionOptions, "folder">): Promise<RuntimeSession>;
  /**
   * Takes a picture through the model again: compressor, Stage B from the noised latents of the picture, Stage A. The result has its
   * size; settings are those of the run. The model needs its compressor.
   */
  refine(picture: Pixels, options: RefineOptions): Steps<Pixels>;
}

/** Changes finished pictures. */
export interface Postprocessor {
  /** How the picture wants to be stored; the last post-processor that says so is heard. */
  readonly encoding?: Encoding | undefined;
  /**
   * The changed picture, in an array of its own and of any size: itself, a promise, or a generator that passes on the steps of what it
   * calls (`yield*`).
   */
  process(
    picture: Pixels,
    request: PostprocessRequest,
    tools: PostprocessTools,
  ): Pixels | Promise<Pixels> | Steps<Pixels>;
  /** Frees what it holds, once a run has ended. */
  dispose?(): void | Promise<void>;
}
