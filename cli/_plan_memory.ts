/**
 * Memory of a picture of a model whose files are here, as painting it will forecast it.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { forecastJob } from "../pipeline/fit_memory.ts";
import { Job } from "../pipeline/job.ts";
import { loadPipeline } from "../pipeline/pipeline.ts";
import type { StageName } from "../pipeline/types.ts";
import type { PlanFlags } from "./plan.ts";

/** The stages by the names of their rows. */
const stages: Readonly<Record<string, StageName>> = {
  prior_text_encoder: "prior text",
  prior: "prior",
  decoder_text_encoder: "decoder text",
  decoder: "decoder",
  "vqgan decode": "pixels",
};

/**
 * Forecasts each network's memory at its highest, in bytes, the program included, by the names of rows.
 *
 * @throws {ResourceError} where `--max-memory` does not do, with the least that does
 */
export async function planMemory(name: string, flags: PlanFlags): Promise<ReadonlyMap<string, number>> {
  const { prior, decoder, variant, precision, maxMemory, width, height } = flags;
  const request = { prompt: "", width, height };
  const options = { prior, decoder, variant, precision, maxMemory, upcoming: [request], hashWeights: false };
  await using pipeline = await loadPipeline(name, options);
  const { parts, rules, defaults, registry } = pipeline;
  const job = new Job(request, { index: 0, rules, defaults, registry });
  pipeline.fit(job);
  return new Map(
    Object.entries(stages).map(([row, stage]) => [row, forecastJob(job, parts, { stages: [stage] }).peak]),
  );
}

/** @throws {ConfigError} where a flag needs the model's files, which are not here */
export function checkFilesHere({ precision, maxMemory }: PlanFlags): void {
  const flag = precision !== undefined ? "--precision" : maxMemory !== undefined ? "--max-memory" : undefined;
  if (flag !== undefined) throw new ConfigError(`Expected ${flag} with a model whose files are on this machine`);
}
