/**
 * Text states of tokens that have weights.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";

/**
 * Lays rows of states [n, tokens, width] one after the other as one text, [1, n·tokens, width]. A state is moved away from that of an empty
 * prompt by its weight, w·(z − z₀) + z₀, as ComfyUI does (`encode_token_weights` of `comfy/sd1_clip.py`).
 *
 * @param options.weights n·tokens
 * @param options.empty gives z₀ [1, tokens, width]; not asked where all weights are 1
 */
export async function joinWeighted(
  states: Tensor<"float32">,
  { weights, empty }: { weights: readonly number[]; empty: () => Promise<Tensor<"float32">> },
): Promise<Tensor<"float32">> {
  const [count, tokens, width] = states.shape as [number, number, number];
  const shape = [1, count * tokens, width];
  if (weights.every((weight) => weight === 1)) return tensor("float32", shape, states.data);
  const start = (await empty()).data;
  const data = states.data.map((value, i) => {
    const from = start[i % start.length]!;
    return from + weights[Math.floor(i / width)]! * (value - from);
  });
  return tensor("float32", shape, data);
}
