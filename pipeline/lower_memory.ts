/**
 * What a generation does where memory runs out while it paints: less at once where nobody has said how much, else one line that says what helps.
 * @module
 */
import { ResourceError } from "../errors.ts";
import { outOfMemory } from "../runtime/out_of_memory.ts";
import type { Network } from "../stages/network.ts";
import { smallerTile } from "./fit_memory.ts";
import type { Job } from "./job.ts";
import { type ModelParts, networksOf } from "./parts.ts";
import type { SampledStage } from "./sampling.ts";

type Told = Pick<Network<never>, "reload" | "warn">;

/**
 * Has Stage A decode in smaller tiles from here on, which it warns of.
 *
 * @throws {unknown} `error`, where it is another one, or tiles cannot be smaller or were asked for
 */
export function lowerTile(job: Job, error: unknown, parts: ModelParts): void {
  const said = outOfMemory(error);
  const tile = said === undefined || job.request.tile !== undefined ? undefined : smallerTile(job, parts);
  if (tile === undefined) throw error;
  job.save({ tile });
  parts.decoder.autoencoder.network.warn(`pixels: memory ran out (${said}): Stage A decodes in tiles of ${tile} px`);
}

/**
 * Has a stage take half as many of its `count` pictures at once from here on, which its network warns of.
 *
 * @returns how many
 * @throws {unknown} `error`, where it is another one, or it takes one already, or as many as were asked for
 */
export async function lowerBatch(
  job: Job,
  error: unknown,
  { stage, network, count }: { stage: SampledStage; network: Told; count: number },
): Promise<number> {
  const said = outOfMemory(error);
  const now = Math.min(count, job.options.batchSize ?? count);
  if (said === undefined || job.request.batchSize !== undefined || now === 1) throw error;
  const batchSize = Math.ceil(now / 2);
  job.save({ batchSize });
  network.warn(`${stage}: memory ran out (${said}): from here on it paints ${batchSize} of ${count} pictures at once`);
  await network.reload();
  return batchSize;
}

/** The error for memory that has run out where nothing is left to lower; any other error as it is. */
export function explainOutOfMemory(
  error: unknown,
  { jobs, parts }: { jobs: readonly Job[]; parts: ModelParts },
): unknown {
  const said = outOfMemory(error);
  if (said === undefined) return error;
  const { devices } = parts;
  const used = [...new Set(Object.values(devices))];
  const isAny = (test: (job: Job) => boolean) => jobs.some(test);
  const isFull = Object.values(networksOf(parts)).some(({ precision }) => precision === "fp32");
  const ways = [
    "a smaller -W and -H",
    ...(isAny(({ count }) => count > 1) ? ["fewer --images-per-prompt"] : []),
    ...(isAny(({ count, options }) => count > 1 && options.batchSize !== 1) ? ["--batch-size 1"] : []),
    ...(isAny((job) => smallerTile(job, parts) !== undefined) ? ["a smaller --tile"] : []),
    ...(isFull ? ["--precision int8"] : []),
    ...(used.length > 0 ? ["--device cpu"] : []),
  ];
  const where = used.length > 0 ? ` (networks run on ${used.join(" and ")})` : "";
  return new ResourceError(`Not enough memory: ${said}${where}; what helps: ${ways.join(", ")}`, { cause: error });
}
