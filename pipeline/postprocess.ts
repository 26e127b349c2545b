/**
 * What happens to finished pictures: post-processors, in the order in which they are named.
 * @module
 */
import { ConfigError, PluginError } from "../errors.ts";
import { checkPixels, type Pixels } from "../images/pixels.ts";
import type { Encoding, Postprocessor, PostprocessTools } from "../plugins/contracts/postprocessor.ts";
import { blame, blamed, type ChosenPlugin, type PluginChoice, type Registry } from "../plugins/registry.ts";
import { tensor } from "../tensor/tensor.ts";
import type { Context, Events, FinishedPicture } from "./context.ts";
import type { Job } from "./job.ts";
import { OwnFailures } from "./own_failures.ts";
import { refine } from "./refine.ts";
import type { GenerateEvent } from "./types.ts";

/** A picture as Stage A leaves it. */
export type DecodedPicture = Omit<FinishedPicture, "encoding">;

/** A post-processor that is ready. */
interface Link {
  readonly plugin: ChosenPlugin<"postprocessor">["plugin"];
  readonly part: Postprocessor;
}

/** Takes a job's pictures through its post-processors and finishes each, as soon as it has gone through all. */
export async function* postprocess(job: Job, pictures: readonly DecodedPicture[], context: Context): Events {
  const chain = await openChain(job.options.post ?? [], context.registry);
  const total = pictures.length * chain.length;
  try {
    let step = 0;
    for (const { index, ...picture } of pictures) {
      let pixels = asPixels(picture);
      for (const link of chain) {
        context.signal.throwIfAborted();
        const start = performance.now();
        const { result, inside } = yield* process(link, { job, pixels, index }, context);
        pixels = result;
        const seconds = (performance.now() - start) / 1000 - inside;
        context.clock.step("post", seconds);
        const done = pixels;
        const event = { run: job.index, stage: "post", step: ++step, total, seconds } as const;
        yield { type: "step", ...event, latents: () => planesOf(done) };
      }
      const image = context.finish(job, { ...pixels, index, encoding: encodingOf(chain.map(({ part }) => part)) });
      job.images.push(image);
      yield { type: "image", run: job.index, image };
    }
  } finally {
    for (const { plugin, part } of chain) await blame(plugin, () => part.dispose?.());
  }
}

/** How pictures want to be stored that go through some post-processors: the last that says so is heard. */
export function encodingOf(parts: readonly Pick<Postprocessor, "encoding">[]): Encoding {
  const said = parts.flatMap(({ encoding }) =>
    Object.entries(encoding ?? {}).filter(([, value]) => value !== undefined)
  );
  return Object.fromEntries(said);
}

/**
 * How pictures of a run will want to be stored, before it has begun.
 *
 * @throws {ConfigError} where a post-processor is unknown or an option is wrong
 */
export async function plannedEncoding(choices: readonly PluginChoice[], registry: Registry): Promise<Encoding> {
  const chain = await openChain(choices, registry);
  for (const { plugin, part } of chain) await blame(plugin, () => part.dispose?.());
  return encodingOf(chain.map(({ part }) => part));
}

async function openChain(choices: readonly PluginChoice[], registry: Registry): Promise<Link[]> {
  const chain: Link[] = [];
  for (const choice of choices) {
    const { plugin, create } = registry.choose("postprocessor", choice);
    chain.push({ plugin, part: await create(undefined) });
  }
  return chain;
}

function asPixels({ channels, ...picture }: Omit<DecodedPicture, "index">): Pixels {
  if (channels === 1 || channels === 3 || channels === 4) return { ...picture, channels };
  throw new ConfigError(`Expected pictures of 1, 3 or 4 channels for post-processors but the model's have ${channels}`);
}

/**
 * Runs one post-processor on a picture.
 *
 * @returns the picture, and the seconds that stages have taken on its behalf
 * @throws {PluginError} where it throws, or gives no whole picture, naming it
 */
async function* process(
  { plugin, part }: Link,
  { job, pixels, index }: { job: Job; pixels: Pixels; index: number },
  context: Context,
): AsyncGenerator<GenerateEvent, { result: Pixels; inside: number }> {
  const { seed, imagesPerPrompt } = job.options;
  const request = {
    prompt: job.prompts[Math.floor(index / imagesPerPrompt)]!,
    seed: typeof seed === "number" ? seed : seed[index]!,
    index,
    signal: context.signal,
  };
  const failures = new OwnFailures();
  const { runtime, threads } = context;
  const tools: PostprocessTools = {
    openModel: (model, options = {}) => runtime.createSession(model, { ...options, threads }),
    refine: (picture, options) => failures.watch(refine(job, picture, { ...options, place: index }, context)),
  };
  let inside = 0;
  try {
    const work = part.process(pixels, request, tools);
    let result: unknown;
    if (typeof work === "object" && work !== null && Symbol.asyncIterator in work) {
      for (;;) {
        const { done, value } = await work.next();
        if (done) {
          result = value;
          break;
        }
        const event = value as GenerateEvent;
        if (event.type === "step" || event.type === "load") inside += event.seconds;
        yield event;
      }
    } else result = await work;
    return { result: checkResult(plugin.name, result), inside };
  } catch (error) {
    throw failures.has(error) ? error : blamed(plugin, error);
  }
}

/** @throws {PluginError} where what a post-processor gives is no whole picture */
function checkResult(name: string, result: unknown): Pixels {
  const { width, height, channels, data } = (result ?? {}) as Partial<Pixels>;
  if (!(data instanceof Uint8Array)) {
    throw new PluginError(
      `post-processor ${name}: Expected process() to give { width, height, channels, data } with data in a Uint8Array`,
    );
  }
  const picture = { width: width!, height: height!, channels: channels!, data };
  try {
    checkPixels(picture);
  } catch (cause) {
    throw new PluginError(`post-processor ${name}: process() gives no whole picture: ${(cause as Error).message}`, {
      cause,
    });
  }
  return picture;
}

/** A picture as a tensor [1, channels, height, width] of 0…1. */
function planesOf({ width, height, channels, data }: Pixels) {
  const plane = width * height;
  const values = Float32Array.from(data, (_, i) => data[(i % plane) * channels + Math.floor(i / plane)]! / 255);
  return tensor("float32", [1, channels, height, width], values);
}
