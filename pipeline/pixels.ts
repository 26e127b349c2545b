/**
 * From Stage A's output to the bytes of a picture.
 * @module
 */
import type { Tensor } from "../tensor/tensor.ts";
import type { SizePlan } from "./plan.ts";

/** Rounds half to even, as NumPy and torch do. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Cuts the picture out of the decoded pixels: [1, c, H, W] in 0…1 → height·width·c bytes, row by row.
 *
 * A byte is clamp(x, 0, 1)·255 in float32, rounded half to even (diffusers' `numpy_to_pil`).
 */
export function cropToBytes(
  pixels: Tensor<"float32">,
  { image, decoded, crop }: Pick<SizePlan, "image" | "decoded" | "crop">,
): Uint8Array {
  const channels = pixels.shape[1]!;
  const bytes = new Uint8Array(image.height * image.width * channels);
  const plane = decoded.height * decoded.width;
  let at = 0;
  for (let y = 0; y < image.height; y++) {
    const row = (y + crop.top) * decoded.width + crop.left;
    for (let x = 0; x < image.width; x++) {
      for (let c = 0; c < channels; c++) {
        const value = pixels.data[c * plane + row + x]!;
        bytes[at++] = roundHalfEven(Math.fround(Math.min(1, Math.max(0, value)) * 255));
      }
    }
  }
  return bytes;
}
