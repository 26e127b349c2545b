/**
 * Paints one picture of the bundled model in a process of its own and prints its memory in bytes, forecast and found. The only argument
 * is what to paint, as JSON.
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
  /** Pictures of one draw; 1 where left out. */
  readonly count?: number;
  readonly tile?: number;
  /** Folder of weights in fewer bits, which are made before memory is measured. */
  readonly cacheFolder?: string;
}

/** Memory of a process, in bytes. */
export interface MeasuredMemory {
  readonly forecast: Forecast;
  /** Largest `RssAnon` that was seen. */
  readonly own: number;
  /** `VmHWM`. */
  readonly peak: number;
}

/** A value of `/proc/self/status` in bytes. */
function status(name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(Deno.readTextFileSync("/proc/self/status"))![1]);
}

async function main({ side, precision, count = 1, tile, cacheFolder }: MeasuredPicture): Promise<MeasuredMemory> {
  await using pipeline = await loadPipeline("emoji", { threads: 2, hashWeights: false, precision, cacheFolder });
  const request = {
    prompt: "a red apple",
    seed: 1,
    width: side,
    height: side,
    imagesPerPrompt: count,
    priorSteps: 2,
    decoderSteps: 2,
    tile,
  };
  const { memory: forecast } = await planGeneration(pipeline, request);
  let own = 0;
  const watch = setInterval(() => own = Math.max(own, status("RssAnon")), 5);
  const { images } = await pipeline.generate(request);
  await images[0]!.png();
  clearInterval(watch);
  return { forecast, own, peak: status("VmHWM") };
}

if (import.meta.main) {
  console.log(JSON.stringify(await main(JSON.parse(Deno.args[0]!) as MeasuredPicture)));
  Deno.exit();
}
