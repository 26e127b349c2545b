/**
 * Reads initial noise from a safetensors file.
 * @module
 */
import { CheckpointError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { quote, quoteSome } from "../weights/quote.ts";
import { openSafetensors } from "../weights/safetensors.ts";

/**
 * Reads the initial noise of a stage: the only tensor of the file, or the one with a name that says it is that.
 *
 * The names are `latents`, `noise`, and `noise.prior.0` or `noise.decoder.0`, under which `--save-tensors` writes it.
 *
 * @throws {CheckpointError} where the file is damaged, has no such tensor, or it is not float32
 */
export async function readLatents(path: string, { stage }: { stage: "prior" | "decoder" }): Promise<Tensor<"float32">> {
  const file = await openSafetensors(path);
  const names = [...file.tensors.keys()];
  const wanted = ["latents", "noise", `noise.${stage}.0`];
  const found = names.length === 1 ? names : names.filter((name) => wanted.includes(name));
  const [name] = found;
  if (name === undefined || found.length > 1) {
    const known = wanted.join(", ");
    throw new CheckpointError(`${path}: Expected one tensor, or one named ${known}, but found ${quoteSome(names)}`);
  }
  const tensor = await file.read(name);
  if (tensor.dtype !== "float32") {
    throw new CheckpointError(`${path}: Expected ${quote(name)} to be float32 but found ${tensor.dtype}`);
  }
  return tensor as Tensor<"float32">;
}
