/**
 * What becomes of a network that computes in 16 bits and gets out of their range.
 * @module
 */
import type { Network } from "../stages/network.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Runs a network. Where its result holds NaN or infinity and it computes in 16 bits, it computes in 32 from there on, and is run once
 * more; the network then has a warning that says where that was. Whether the second result is finite is for the caller to check.
 *
 * @param options.where stage, step and tensor
 */
export async function finite<Sizes>(
  run: () => Promise<Tensor<"float32">>,
  { network, where }: {
    network: Pick<Network<Sizes>, "computesInHalf" | "computeInFull">;
    where: () => string;
  },
): Promise<Tensor<"float32">> {
  const result = await run();
  if (!network.computesInHalf) return result;
  const wrong = result.data.find((value) => !Number.isFinite(value));
  if (wrong === undefined) return result;
  await network.computeInFull(`${where()} became ${wrong} in fp16`);
  return await run();
}
