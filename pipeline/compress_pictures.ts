import type { Tensor } from "../tensor/tensor.ts";
import { type Context, type Events, load, release } from "./context.ts";
import { checkFinite } from "./denoise.ts";
import type { Job } from "./job.ts";
import { compressorOf, padToDecoded } from "./reconstruct.ts";

/**
 * The compressor's embedding of pictures: pixels 0…1 [b, channels, height, width] of a job's size → [b, c, n, m].
 *
 * @throws {CheckpointError} where the model has no compressor
 */
export async function* compressPictures(
  job: Pick<Job, "plan">,
  pixels: Tensor<"float32">,
  context: Context,
): Events<Tensor<"float32">> {
  const compressor = compressorOf(context.parts);
  const { plan } = job;
  yield* load("compressor", compressor.network, { ...plan.decoded, cells: plan.prior }, context);
  const embedding = await compressor.embed(padToDecoded(pixels, plan));
  await release(compressor.network, context);
  checkFinite(embedding, "compressor: embedding");
  return embedding;
}
