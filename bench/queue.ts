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
  /** Seconds of a picture in that batch, the same in its fastest runs, and alone. */
  readonly best: number;
  readonly fastest: number;
  readonly alone: number;
}

/** Pictures at once that are tried. */
const batches = [1, 2, 4, 8];

const names = ["apple", "banana", "whale", "fox", "tulip", "pizza", "octopus", "penguin"];
const colours = ["red", "blue", "green", "yellow", "pink", "purple", "black", "orange"];

const total = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
const mean = (numbers: readonly number[]) => total(numbers) / numbers.length;

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

/** A network of the queue, with what a picture gives it. */
interface QueueStage {
  readonly name: NetworkName;
  readonly runs: number;
  /** Pictures at once with which it is fastest. */
  readonly batch: number;
  /** Seconds that it takes for a picture, in batches of so many. */
  time(batch: number): Promise<number>;
}

async function openStages(
  pipeline: Pipeline,
  captured: ReadonlyMap<NetworkName, Captured>,
  { steps }: { steps: number },
): Promise<QueueStage[]> {
  const networks = networksOf(pipeline.parts) as unknown as Record<NetworkName, Network<unknown>>;
  const stages: QueueStage[] = [];
  for (const [name, { sizes, inputs, runs }] of captured) {
    const network = networks[name];
    await network.load(sizes);
    const repeated = new Map(batches.map((batch) => [batch, repeatInputs(inputs, { times: batch })]));
    const time = async (batch: number) => {
      const start = performance.now();
      await network.run(repeated.get(batch)!);
      return runs * (performance.now() - start) / 1000 / batch;
    };
    const seconds = new Map<number, number[]>(batches.map((batch) => [batch, []]));
    for (const batch of batches) await time(batch);
    for (let i = 0; i < steps; i++) for (const batch of batches) seconds.get(batch)!.push(await time(batch));
    const [batch] = batches.toSorted((a, b) => median(seconds.get(a)!) - median(seconds.get(b)!));
    stages.push({ name, runs, batch: batch!, time });
  }
  return stages;
}

/** Runs in a row that a network's throughput is measured over. */
const runsInRow = 8;

/** What a network does when nothing else is asked of it: runs one after the other, the mean of them and the fastest. */
async function sustained(time: () => Promise<number>): Promise<{ mean: number; fastest: number }> {
  await time();
  const seconds: number[] = [];
  for (let i = 0; i < runsInRow; i++) seconds.push(await time());
  return { mean: mean(seconds), fastest: Math.min(...seconds) };
}

/** Paints all prompts, so many in a draw; seconds. */
async function paint(pipeline: Pipeline, prompts: readonly string[], { draw }: { draw: number }): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < prompts.length; i += draw) {
    const { images } = await pipeline.generate({ prompt: prompts.slice(i, i + draw), seed: i });
    await Promise.all(images.map((image) => image.png()));
  }
  return (performance.now() - start) / 1000;
}

async function main(
  { prompts: count = "64", draw = "8", threads = "2", steps = "10", json }: {
    prompts?: string | undefined;
    draw?: string | undefined;
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
  const stages = await openStages(pipeline, await capture(pipeline, prompts[0]!), { steps: Number(steps) });
  const [alone, drawn]: [number[], number[]] = [[], []];
  const empty = () => ({ best: [] as number[], fastest: [] as number[], alone: [] as number[] });
  const shares = new Map(stages.map(({ name }) => [name, empty()]));
  // A machine whose speed changes from minute to minute changes it for all.
  for (let i = 0; i < prompts.length; i += Number(draw)) {
    const some = prompts.slice(i, i + Number(draw));
    drawn.push(await paint(pipeline, some, { draw: Number(draw) }));
    for (const { name, batch, time } of stages) {
      const share = shares.get(name)!;
      const atBest = await sustained(() => time(batch));
      share.best.push(atBest.mean);
      share.fastest.push(atBest.fastest);
      share.alone.push((await sustained(() => time(1))).mean);
    }
    alone.push(await paint(pipeline, some, { draw: 1 }));
  }

  const table = new Table(["stage", "batch", "best s", "fastest s", "alone s"]);
  console.log(table.head());
  const results: StageShare[] = stages.map(({ name, batch }) => {
    const { best, fastest, alone } = shares.get(name)!;
    return { name, batch, best: mean(best), fastest: mean(fastest), alone: mean(alone) };
  });
  for (const { name, batch, best, fastest, alone } of results) {
    console.log(table.row([name, String(batch), best, fastest, alone]));
  }
  const sum = (key: "best" | "fastest" | "alone") =>
    prompts.length * results.reduce((all, stage) => all + stage[key], 0);
  const queues = [
    { name: "each picture alone", seconds: total(alone) },
    { name: `draws of ${draw} prompts`, seconds: total(drawn) },
  ].map((queue) => ({
    ...queue,
    ofBest: sum("best") / queue.seconds,
    ofFastest: sum("fastest") / queue.seconds,
    ofAlone: sum("alone") / queue.seconds,
  }));
  for (const { name, seconds, ofBest, ofFastest, ofAlone } of queues) {
    console.log(
      `${prompts.length} prompts, ${name}: ${seconds.toFixed(1)} s, ${
        (prompts.length / seconds).toFixed(2)
      } a second; ` +
        `${ofBest.toFixed(3)} of the stages' best throughput (${ofFastest.toFixed(3)} of their fastest runs), ` +
        `${ofAlone.toFixed(3)} of theirs a picture at a time`,
    );
  }
  if (json === undefined) return;
  const report = { ...await provenance(), threads: Number(threads), prompts: prompts.length, stages: results, queues };
  await Deno.writeTextFile(json, `${JSON.stringify(report, null, 2)}\n`);
}

if (import.meta.main) {
  const text = { type: "string" } as const;
  await main(parseArgs({ options: { prompts: text, draw: text, threads: text, steps: text, json: text } }).values);
  Deno.exit();
}
