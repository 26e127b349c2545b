/**
 * What the stages of a generation share.
 * @module
 */
import type { Pixels } from "../images/pixels.ts";
import type { Encoding } from "../plugins/contracts/postprocessor.ts";
import type { OpenRuntime } from "../plugins/open_runtime.ts";
import type { Registry } from "../plugins/registry.ts";
import type { Network } from "../stages/network.ts";
import type { Job } from "./job.ts";
import type { ModelParts } from "./parts.ts";
import type { Previewer } from "./preview.ts";
import type { Clock } from "./timings.ts";
import type { GeneratedImage, GenerateEvent, GenerateOptions, StageName } from "./types.ts";

/** What a generation works with. */
export interface Context {
  readonly parts: ModelParts;
  /** Where schedulers and priors are looked up. */
  readonly registry: Registry;
  /** From the prior repository: embedding = latents·mean − std. */
  readonly latentMean: number;
  readonly latentStd: number;
  readonly keepLoaded: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly previewer: Previewer;
  /** What runs the networks, and with how many threads. */
  readonly runtime: OpenRuntime;
  readonly threads: number;
  /** Makes a job within the run `index`, once there is memory for it. */
  makeJob(options: GenerateOptions, index: number): Promise<Job>;
  /** Wraps the bytes of a picture (HWC). */
  finish(job: Job, picture: FinishedPicture): GeneratedImage;
}

/** A picture that nothing changes any more. */
export interface FinishedPicture extends Omit<Pixels, "channels"> {
  /** As many as the model's pictures have. */
  readonly channels: number;
  /** Its place among the pictures of the run, from 0. */
  readonly index: number;
  /** How it wants to be stored. */
  readonly encoding?: Encoding;
}

/** Work that reports what it does and ends with a result. */
export type Events<Result = void> = AsyncGenerator<GenerateEvent, Result>;

/** Loads a network, unless it is there already. */
export async function* load<Sizes>(
  stage: StageName,
  network: Network<Sizes>,
  sizes: Sizes,
  { clock, signal }: Pick<Context, "clock" | "signal">,
): Events {
  signal.throwIfAborted();
  const start = performance.now();
  if (!await network.load(sizes)) return;
  const seconds = (performance.now() - start) / 1000;
  clock.load(stage, seconds);
  for (const message of network.takeWarnings()) yield { type: "warning", run: 0, message };
  yield { type: "load", stage, seconds };
}

/** Passes on what a network has had to say since it was last asked, for the pictures of a job too. */
export async function* warnings<Sizes>(job: Job, network: Pick<Network<Sizes>, "takeWarnings">): Events {
  for (const message of network.takeWarnings()) {
    job.warnings.push(message);
    yield { type: "warning", run: job.index, message };
  }
}

/** Frees a network, unless all are to stay. */
export async function release<Sizes>(
  network: Network<Sizes>,
  { keepLoaded }: Pick<Context, "keepLoaded">,
): Promise<void> {
  if (!keepLoaded) await network.release();
}
