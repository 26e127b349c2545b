/**
 * Paints a queue of prompts with the bundled model and says how much of the time its stages need: the share that would be left if every
 * network ran all the time, each with the batch that suits it best.
 *
 * Run with `deno task bench:queue`.
 * @module
 */
import { parseArgs } from "node:util";
import { loadPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { networksOf } from "../pipeline/parts.ts";
import type { NetworkName } from "../pipeline/precisions.ts";
import type { Network } from "../stages/network.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { provenance } from "./machine.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";

/** A run of a network as the queue does it. */
interface Captured {
  readonly sizes: unknown;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** How often a picture runs it. */
  runs: number;
}

/** What a network of the queue takes at its best. */
export interface StageShare {
  readonly name: string;
  /** Pictures at once with which it is fastest. */
  readonly batch: number;
  /** Seconds of a picture, in that batch and alone. */
  readonly best: number;
  readonly alone: number;
}

const names = ["apple", "banana", "whale", "fox", "tulip", "pizza", "octopus", "penguin"];
const colours = ["red", "blue", "green", "yellow", "pink", "purple", "black", "orange"];

/** Different prompts. */
export function queuePrompts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const name = names[i % names.length]!;
    return `${name} on a ${colours[Math.floor(i / names.length) % colours.length]} background`;
  });
}

/** Every input with its rows repeated: a batch of as many pictures. */
export function repeatInputs(
  inputs: Readonly<Record<string, Tensor>>,
  { times }: { times: number },
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
      const repeated = tensor(dtype as "float32", [shape[0]! * times, ...shape.slice(1)]);
      for (let i = 0; i < times; i++) repeated.data.set(data as Float32Array, i * data.length);
      return [name, repeated];
    }),
  );
}

/** Paints one picture and keeps what each network was given last. */
async function capture(pipeline: Pipeline, prompt: string): Promise<Map<NetworkName, Captured>> {
  const all = new Map<NetworkName, Captured>();
  const networks = Object.entries(networksOf(pipeline.parts)) as [NetworkName, Network<unknown>][];
  for (const [name, network] of networks) {
    network.onRun = (sizes, inputs) => all.set(name, { sizes, inputs, runs: (all.get(name)?.runs ?? 0) + 1 });
  }
  await pipeline.generate({ prompt, seed: 1 });
  for (const [, network] of networks) network.onRun = undefined;
  return all;
}

async function measureStages(
  pipeline: Pipeline,
  captured: ReadonlyMap<NetworkName, Captured>,
  { steps }: { steps: number },
): Promise<StageShare[]> {
  const networks = networksOf(pipeline.parts) as unknown as Record<NetworkName, Network<unknown>>;
  const shares: StageShare[] = [];
  for (const [name, { sizes, inputs, runs }] of captured) {
    const network = networks[name];
    await network.load(sizes);
    const times: { batch: number; seconds: number }[] = [];
    for (const batch of [1, 2, 4, 8]) {
      const repeated = repeatInputs(inputs, { times: batch });
      await network.run(repeated);
      const seconds: number[] = [];
      for (let i = 0; i < steps; i++) {
        const start = performance.now();
        await network.run(repeated);
        seconds.push((performance.now() - start) / 1000);
      }
      times.push({ batch, seconds: runs * median(seconds) / batch });
    }
    const best = times.reduce((best, next) => next.seconds < best.seconds ? next : best);
    shares.push({ name, batch: best.batch, best: best.seconds, alone: times[0]!.seconds });
  }
  return shares;
}

async function main(
  { prompts: count = "64", threads = "2", steps = "10", json }: {
    prompts?: string | undefined;
    threads?: string | undefined;
    steps?: string | undefined;
    json?: string | undefined;
  },
): Promise<void> {
  await using pipeline = await loadPipeline("emoji", {
    threads: Number(threads),
    keepLoaded: true,
    hashWeights: false,
  });
  const prompts = queuePrompts(Number(count));
  const stages = await measureStages(pipeline, await capture(pipeline, prompts[0]!), { steps: Number(steps) });
  const start = performance.now();
  for (const [i, prompt] of prompts.entries()) {
    const { images } = await pipeline.generate({ prompt, seed: i });
    await images[0]!.png();
  }
  const seconds = (performance.now() - start) / 1000;

  const table = new Table(["stage", "batch", "best s", "alone s"]);
  console.log(table.head());
  for (const { name, batch, best, alone } of stages) console.log(table.row([name, String(batch), best, alone]));
  const sum = (key: "best" | "alone") => prompts.length * stages.reduce((all, stage) => all + stage[key], 0);
  const [best, alone] = [sum("best") / seconds, sum("alone") / seconds];
  console.log(
    `${prompts.length} pictures in ${seconds.toFixed(1)} s, ${(prompts.length / seconds).toFixed(2)} a second`,
  );
  console.log(
    `of the stages' best throughput: ${best.toFixed(3)}; of the same, a picture at a time: ${alone.toFixed(3)}`,
  );
  if (json === undefined) return;
  const report = {
    ...await provenance(),
    threads: Number(threads),
    prompts: prompts.length,
    seconds,
    stages,
    best,
    alone,
  };
  await Deno.writeTextFile(json, `${JSON.stringify(report, null, 2)}\n`);
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  await main(parseArgs({ options: { prompts: text, threads: text, steps: text, json: text } }).values);
  Deno.exit();
}
