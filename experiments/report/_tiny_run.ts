/**
 * A run's folder as an experiment leaves it, without any model: for tests of what is made of it.
 * @module
 */
import { join } from "node:path";
import { encodePng } from "../../images/png_encode.ts";
import { experimentSchema } from "../config_schema.ts";
import { RunFolder } from "../run_folder.ts";
import type { StoredCell, StoredPlan } from "../stored_plan.ts";

/** What is to be in the folder. */
export interface TinyRun {
  readonly name?: string;
  readonly prompt?: string;
  /** Steps that are swept. */
  readonly steps?: readonly number[];
  /** Samplers that are swept. */
  readonly schedulers?: readonly string[];
  readonly seeds?: readonly number[];
  /** Leaves the last picture out, as a run that was stopped. */
  readonly isUnfinished?: boolean;
  /** Added to every PSNR. */
  readonly psnr?: number;
}

/** Fills a folder: a picture of one colour for every cell, with numbers that grow with steps and seeds. */
export async function writeTinyRun(folder: string, options: TinyRun = {}): Promise<void> {
  const { prompt = "a fox", steps = [1, 4, 16], schedulers = ["ddim", "heun"], seeds = [1, 2], psnr = 0 } = options;
  const cells = schedulers.flatMap((priorScheduler) =>
    steps.flatMap((priorSteps) =>
      seeds.map((seed): StoredCell => ({
        id: `${priorScheduler}${priorSteps}s${seed}`,
        referenceId: `ref${seed}`,
        settings: { model: "emoji", prompt, priorScheduler, priorSteps },
        swept: { priorScheduler, priorSteps },
        seed,
        repeat: 0,
        image: 0,
      }))
    )
  );
  const plan: StoredPlan = {
    name: options.name ?? "tiny",
    swept: ["priorScheduler", "priorSteps"],
    average: ["prompt"],
    axes: {},
    plugins: [],
    cells,
    metrics: [{ key: "psnr", unit: "dB", better: "higher", isOfSets: false }],
  };
  const config = experimentSchema.parse({ prompt, metrics: ["psnr"], reference: { priorSteps: 60 } });
  await Deno.mkdir(folder, { recursive: true });
  using run = await RunFolder.open(join(folder), { config, plan });
  for (const [i, { id, referenceId, settings, seed, repeat }] of cells.entries()) {
    if (options.isUnfinished && i === cells.length - 1) continue;
    const data = new Uint8Array(64 * 64 * 3).map((_, at) => (at * 7 + 40 * i) % 256);
    const taken = Number(settings["priorSteps"]);
    const stage = (run: number) => ({ load: 0.1, run, steps: taken, evaluations: 2 * taken, flops: 1e9 * run });
    await run.addPicture(encodePng({ width: 64, height: 64, channels: 3, data }), {
      id,
      time: "2026-01-02T03:04:05.000Z",
      version: "0.0.0",
      settings,
      options: { ...settings, width: 64, height: 64, seed },
      model: { name: "emoji", weights: {} },
      seed,
      repeat,
      seconds: taken + seed / 10,
      stages: { prior: stage(taken), decoder: stage(1), pixels: stage(0.5) },
      memory: 2e8,
      warnings: [],
    });
    await run.add({
      type: "measure",
      id,
      reference: referenceId!,
      metric: "psnr",
      value: 20 + Math.log2(taken) + seed / 10 + psnr,
    });
  }
}
