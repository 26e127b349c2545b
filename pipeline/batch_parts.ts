/**
 * Runs a network on a batch in parts, where the whole batch would take too much memory.
 * @module
 */
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { rows, stack } from "./guidance.ts";

/** What a network is conditioned on, by name: [b, …], with guidance [2b, …], first with the prompts and then without. */
export type Conditions = Readonly<Record<string, Tensor<"float32">>>;

/** Latents from ≤ i < to of a batch, with their conditions. */
export interface BatchPart<C extends Conditions> {
  readonly from: number;
  readonly to: number;
  /** Those of both halves; always the same objects: what a network computes from them alone is kept as long as they are. */
  readonly all: C;
  /** Those with prompts. */
  readonly conditional: C;
}

/** Cuts a batch of `count` latents into parts of at most `most`. */
export function batchParts<C extends Conditions>(
  conditions: C,
  { count, guided, most = count }: { count: number; guided: boolean; most?: number | undefined },
): BatchPart<C>[] {
  const map = (of: (x: Tensor<"float32">) => Tensor<"float32">) =>
    Object.fromEntries(Object.entries(conditions).map(([name, x]) => [name, of(x)])) as C;
  const parts = Math.ceil(count / most);
  return Array.from({ length: parts }, (_, i) => {
    const [from, to] = [i * most, Math.min(count, (i + 1) * most)];
    if (parts === 1) {
      return {
        from,
        to,
        all: conditions,
        conditional: guided ? map((x) => rows(x, 0, count)) : conditions,
      };
    }
    const conditional = map((x) => rows(x, from, to));
    const all = guided ? map((x) => stack(rows(x, from, to), rows(x, count + from, count + to))) : conditional;
    return { from, to, all, conditional };
  });
}

/**
 * Predicts part by part.
 *
 * @param latents [b, …]
 * @param options.predict gives [n, …], or with guidance [2n, …], for n latents of a part
 * @returns [b, …], or with guidance [2b, …], the halves in order
 */
export async function predictInParts<C extends Conditions>(
  latents: Tensor<"float32">,
  parts: readonly BatchPart<C>[],
  { guided, predict }: {
    guided: boolean;
    predict: (latents: Tensor<"float32">, part: BatchPart<C>) => Promise<Tensor<"float32">>;
  },
): Promise<Tensor<"float32">> {
  if (parts.length === 1) return await predict(latents, parts[0]!);
  const [count, ...shape] = latents.shape as [number, ...number[]];
  const whole = tensor("float32", [(guided ? 2 : 1) * count, ...shape]);
  const size = latents.data.length / count;
  for (const part of parts) {
    const { data } = await predict(rows(latents, part.from, part.to), part);
    const half = (part.to - part.from) * size;
    whole.data.set(data.subarray(0, half), part.from * size);
    if (guided) whole.data.set(data.subarray(half), (count + part.from) * size);
  }
  return whole;
}
