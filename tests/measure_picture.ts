/**
 * Paints one picture of the bundled model in a process of its own and prints its memory in bytes, forecast and found. The only argument
 * is the picture's side.
 * @module
 */
import { planSizes } from "../pipeline/plan.ts";
import { forecastMemory } from "../pipeline/forecast.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";

/** A value of `/proc/self/status` in bytes. */
function status(name: string): number {
  return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(Deno.readTextFileSync("/proc/self/status"))![1]);
}

const side = Number(Deno.args[0]);
await using pipeline = await loadPipeline("emoji", { threads: 2, hashWeights: false });
const size = { width: side, height: side };
const batches = { prior: { latents: 1, copies: 2 }, decoder: { latents: 1, copies: 1 } };
const forecast = forecastMemory(pipeline.parts, planSizes(size, pipeline.rules), { batches });

let own = 0;
const watch = setInterval(() => own = Math.max(own, status("RssAnon")), 5);
const { images } = await pipeline.generate({ prompt: "a red apple", seed: 1, ...size, priorSteps: 2, decoderSteps: 2 });
await images[0]!.png();
clearInterval(watch);
console.log(JSON.stringify({ forecast, own, peak: status("VmHWM") }));
Deno.exit();
