/**
 * What WebAssembly costs: the bundled model's stages on it and on the native runtime, in turns in one run.
 *
 *     deno task bench:web [--steps 4] [--rounds 3] [--threads 2] [--json FILE]
 *
 * @module
 */
import { parseArgs } from "node:util";
import { loadPipeline } from "../pipeline/pipeline.ts";
import type { GenerateResult } from "../mod.ts";
import { provenance } from "./machine.ts";
import { median } from "./statistics.ts";
import { Table } from "./table.ts";

/** Stages that take time. */
const stages = ["prior", "decoder", "pixels"] as const;
const runtimes = ["onnxruntime", "wasm"] as const;

/** Seconds of every round. */
interface StageResult {
  readonly stage: string;
  readonly seconds: Readonly<Record<typeof runtimes[number], readonly number[]>>;
}

/** Seconds of a step of each stage, of loading all networks, and of the whole run. */
function secondsOf({ timings: { stages: all, total } }: GenerateResult): Record<string, number> {
  const steps = stages.map((stage) => [`${stage}, a step`, all[stage]!.run / all[stage]!.steps] as const);
  const load = Object.values(all).reduce((sum, { load }) => sum + load, 0);
  return { ...Object.fromEntries(steps), "loading all networks": load, "whole picture": total };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      steps: { type: "string", default: "4" },
      rounds: { type: "string", default: "3" },
      threads: { type: "string", default: "2" },
      json: { type: "string" },
    },
  });
  const [steps, rounds, threads] = [Number(values.steps), Number(values.rounds), Number(values.threads)];
  const machine = await provenance();
  console.error(`${machine.processor}, ${machine.cores} cores, commit ${machine.commit}, ${threads} threads`);
  const seconds: Record<string, Record<typeof runtimes[number], number[]>> = {};
  // The first round is for caches and compilation, and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const runtime of runtimes) {
      await using pipeline = await loadPipeline("emoji", { threads, runtime, hashWeights: false });
      const request = { prompt: "a red apple", seed: 7, priorSteps: steps, decoderSteps: steps };
      const result = await pipeline.generate(request);
      if (round === 0) continue;
      for (const [name, value] of Object.entries(secondsOf(result))) {
        (seconds[name] ??= { onnxruntime: [], wasm: [] })[runtime].push(value);
      }
    }
  }
  const table = new Table(["emoji", "native s", "wasm s", "ratio"]);
  console.log(table.head());
  const results: StageResult[] = Object.entries(seconds).map(([stage, seconds]) => ({ stage, seconds }));
  for (const { stage, seconds: { onnxruntime, wasm } } of results) {
    const [native, web] = [median(onnxruntime), median(wasm)];
    console.log(table.row([stage, native, web, web / native]));
  }
  if (values.json !== undefined) {
    await Deno.writeTextFile(values.json, JSON.stringify({ ...machine, threads, steps, results }, null, 2));
  }
}

if (import.meta.main) await main();
