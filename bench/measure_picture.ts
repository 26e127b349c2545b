/**
 * Paints one picture, or one draw of several, of the bundled model in a process of its own: its seconds, and its memory in bytes, forecast
 * and found. The only argument is what to paint, as JSON.
 * @module
 */

import { planGeneration } from "../pipeline/plan_generation.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import type { PrecisionChoice } from "../pipeline/precisions.ts";
import type { Forecast } from "../pipeline/forecast.ts";
import { MemoryWatch } from "./memory.ts";

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
  /** `RssAnon` when most of its memory was taken. */
  readonly own: number;
  /** `VmHWM`. */
  readonly peak: number;
  /** Of the fastest draw. */
  readonly seconds: number;
}

/** Starts the process and reads what it prints. */
export async function measurePicture(picture: MeasuredPicture): Promise<MeasuredMemory> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL(import.meta.url).pathname, JSON.stringify(picture)],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // From outside: while a network runs, the process itself cannot look.
  const watch = new MemoryWatch(child.pid);
  const { stdout, success } = await child.output();
  const own = watch.stop()?.anonymous ?? NaN;
  if (!success) throw new Error(`Expected ${JSON.stringify(picture)} to be painted but the process failed`);
  return { ...JSON.parse(new TextDecoder().decode(stdout)) as Omit<MeasuredMemory, "own">, own };
}

/** A value of `/proc/self/status` in bytes. */
function status(name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(Deno.readTextFileSync("/proc/self/status"))![1]);
}

async function main(
  { side, precision, count = 1, prompts = 1, steps = 2, tile, threads = 2, cacheFolder, draws = 1 }: MeasuredPicture,
): Promise<Omit<MeasuredMemory, "own">> {
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
  let seconds = Infinity;
  for (let i = 0; i < draws; i++) {
    const { images, timings } = await pipeline.generate(request);
    await images[0]!.png();
    seconds = Math.min(seconds, timings.total);
    pipeline.keepLoaded = draws > 1;
  }
  return { forecast, peak: status("VmHWM"), seconds };
}

if (import.meta.main) {
  console.log(JSON.stringify(await main(JSON.parse(Deno.args[0]!) as MeasuredPicture)));
  Deno.exit();
}
