/**
 * The random numbers of a training: functions of seed, phase, batch and purpose alone, so that a resumed run draws the same ones.
 * @module
 */
import { philox4x32 } from "../tensor/random/philox.ts";
import { streamNormal } from "../tensor/random/stream_normal.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { type PhaseName, phaseNames } from "./config.ts";

/** What a number is drawn for. */
const purposes = ["timestep", "noise", "caption", "embedding", "embeddingNoise", "embeddingLevel", "quantize"] as const;
export type Purpose = typeof purposes[number];

/** Draws for one batch of a phase. */
export class BatchDraws {
  readonly #seed: number;
  readonly #phase: number;
  readonly #batch: number;

  /** @param at phase, and how many batches it has seen before */
  constructor(seed: number, { phase, batch }: { phase: PhaseName; batch: number }) {
    this.#seed = seed;
    // 0 and 1 are the streams of a generation's two halves.
    this.#phase = 2 + phaseNames.indexOf(phase);
    this.#batch = batch;
  }

  /** `count` uniform numbers in [0, 1): words of {@linkcode philox4x32} over 2³². */
  uniform(purpose: Purpose, count: number): Float32Array {
    const drawn = new Float32Array(count);
    for (let block = 0; 4 * block < count; block++) {
      const words = philox4x32([block, this.#batch, this.#stream(purpose), 1], [this.#seed >>> 0, 0]);
      // Rounding to float32 must not reach 1.
      for (let i = 0; i < 4; i++) drawn[4 * block + i] = Math.floor(words[i]! / 256) / 2 ** 24;
    }
    return drawn;
  }

  /** Standard normals. */
  normal(purpose: Purpose, shape: readonly number[]): Tensor<"float32"> {
    const size = shape.reduce((product, side) => product * side, 1);
    const stream = { seed: this.#seed, image: 0, stage: this.#stream(purpose), step: this.#batch };
    return tensor("float32", shape, streamNormal(stream, size) as Float32Array<ArrayBuffer>);
  }

  #stream(purpose: Purpose): number {
    return this.#phase * purposes.length + purposes.indexOf(purpose);
  }
}
