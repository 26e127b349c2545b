/**
 * Where the noise of a run comes from.
 * @module
 */
import { ConfigError } from "../errors.ts";
import { streamNormal } from "../tensor/random/stream_normal.ts";
import { TorchGenerator } from "../tensor/random/torch_generator.ts";
import { sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** A source of standard normal noise for a batch of pictures. */
export interface Noise {
  /**
   * Draws one tensor [b, …].
   *
   * @param at the half (0 = prior, 1 = decoder), the step (0 = initial latents, i + 1 = after step i), and the place of the
   *   batch's first picture in the run
   */
  draw(shape: readonly number[], at: { stage: 0 | 1; step: number; image: number }): Tensor<"float32">;
  /** State of each generator, to continue elsewhere; empty where nothing needs to be kept. */
  states(): string[];
}

/**
 * Noise of torch's CPU generator, in the order in which diffusers draws it.
 *
 * @param generators one for the whole batch, or one a picture, which then draws its own rows (`randn_tensor` of diffusers)
 */
export function torchNoise(generators: readonly TorchGenerator[]): Noise {
  return {
    draw(shape, { image }) {
      const [only] = generators;
      if (generators.length === 1) return only!.normal(shape) as Tensor<"float32">;
      const [batch, ...rest] = shape as [number, ...number[]];
      const noise = tensor("float32", shape);
      const size = sizeOf(rest);
      for (let i = 0; i < batch; i++) {
        const generator = generators[image + i];
        if (!generator) throw new ConfigError(`Expected a seed for each picture but found ${generators.length}`);
        noise.data.set(generator.normal([1, ...rest]).data as Float32Array, i * size);
      }
      return noise;
    },
    states: () => generators.map((generator) => generator.getState()),
  };
}

/**
 * Noise that depends on seed, picture, stage, step and element alone, never on the rest of the batch.
 *
 * @param options.first place of the run's first picture in the batch that it is taken from
 */
export function streamNoise(seeds: readonly number[], { first = 0 }: { first?: number | undefined } = {}): Noise {
  return {
    draw(shape, { stage, step, image }) {
      const [batch, ...rest] = shape as [number, ...number[]];
      const noise = tensor("float32", shape);
      const size = sizeOf(rest);
      for (let i = 0; i < batch; i++) {
        // With a seed for each picture every one is the first of its own stream, as if made alone.
        const [seed, index] = seeds.length === 1 ? [seeds[0]!, first + image + i] : [seeds[image + i]!, first];
        noise.data.set(streamNormal({ seed, image: index, stage, step }, size), i * size);
      }
      return noise;
    },
    states: () => [],
  };
}

/** Makes the noise source for `seeds`, new or continued from saved states. */
export function createNoise(
  rng: "torch" | "stream",
  seeds: readonly number[],
  { states = [], first }: { states?: readonly string[]; first?: number | undefined } = {},
): Noise {
  if (rng === "stream") return streamNoise(seeds, { first });
  const generators = states.length > 0
    ? states.map((state) => TorchGenerator.fromState(state))
    : seeds.map((seed) => new TorchGenerator(seed));
  return torchNoise(generators);
}
