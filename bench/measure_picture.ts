/**
 * Paints one picture, or one draw of several, of the bundled model in a process of its own: its seconds, and its memory in bytes, forecast
 * and found. The only argument is what to paint, as JSON.
 * @module
 */
import { planGeneration } from "../pipeline/plan_generation.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import type { PrecisionChoice } from "../pipeline/precisions.ts";
import type { Forecast } from "../pipeline/forecast.ts";

/** What is painted. */
export interface MeasuredPicture {
  /** Its sides in pixels. */
  readonly side: number;
  /** In what weights are kept; as they are stored where left out. */
  readonly precision?: PrecisionChoice;
  /** Pictures of each prompt in one draw; 1 where left out. */
  readonly count?: number;
  /** Different prompts of the draw; 1 where left out. */
  readonly prompts?: number;
  /** Steps of Stage C, and of Stage B; 2 where left out. */
  readonly steps?: number;
  readonly tile?: number;
  /** 2 where left out. */
  readonly threads?: number;
  /** Folder of weights in fewer bits, which are made before memory is measured. */
  readonly cacheFolder?: string;
  /** Draws, of which the first counts for memory and the last for time; 1 where left out. */
  readonly draws?: number;
}

/** What a process took: bytes, and seconds of a draw. */
export interface MeasuredMemory {
  readonly forecast: Forecast;
  /** Largest `RssAnon` that was seen. */
  readonly own: number;
  /** `VmHWM`. */
  readonly peak: number;
  /** Of the fastest draw. */
  readonly seconds: number;
}

/** Starts the process and reads what it prints. */
export async function measurePicture(picture: MeasuredPicture): Promise<MeasuredMemory> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL(import.meta.url).pathname, JSON.stringify(picture)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Expected ${JSON.stringify(picture)} to be painted but the process failed`);
  return JSON.parse(new TextDecoder().decode(stdout)) as MeasuredMemory;
}

/** A value of `/proc/self/status` in bytes. */
function status(name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(Deno.readTextFileSync("/proc/self/status"))![1]);
}

async function main(
  { side, precision, count = 1, prompts = 1, steps = 2, tile, threads = 2, cacheFolder, draws = 1 }: MeasuredPicture,
): Promise<MeasuredMemory> {
  await using pipeline = await loadPipeline("emoji", { threads, hashWeights: false, precision, cacheFolder });
  const request = {
    prompt: Array.from({ length: prompts }, (_, i) => `a red apple, number ${i}`),
    seed: 1,
    width: side,
    height: side,
    imagesPerPrompt: count,
    priorSteps: steps,
    decoderSteps: steps,
    tile,
  };
  const { memory: forecast } = await planGeneration(pipeline, request);
  let own = 0;
  const watch = setInterval(() => own = Math.max(own, status("RssAnon")), 5);
  let seconds = Infinity;
  for (let i = 0; i < draws; i++) {
    const { images, timings } = await pipeline.generate(request);
    await images[0]!.png();
    seconds = Math.min(seconds, timings.total);
    pipeline.keepLoaded = draws > 1;
  }
  clearInterval(watch);
  return { forecast, own, peak: status("VmHWM"), seconds };
}

if (import.meta.main) {
  console.log(JSON.stringify(await main(JSON.parse(Deno.args[0]!) as MeasuredPicture)));
  Deno.exit();
}
