/**
 * Weights of noise levels in the loss of a diffusion model that predicts the noise ε.
 *
 * All take ᾱ, the share of the signal's variance at a level, 0…1; SNR = ᾱ/(1 − ᾱ).
 * @module
 */

/** What a network predicts: the noise, the clean sample, or v = √ᾱ·ε − √(1−ᾱ)·x₀ (https://arxiv.org/abs/2202.00512, §4). */
export type Prediction = "epsilon" | "sample" | "v";

/** Signal-to-noise ratio ᾱ/(1 − ᾱ). */
export function signalToNoise(alphaCumprod: number): number {
  return alphaCumprod / (1 - alphaCumprod);
}

/**
 * P2: 1/(k + SNR)^γ, less of the loss where little noise is left (https://arxiv.org/abs/2204.00227; with k = γ = 1, as
 * Würstchen trains Stage C, it is 1 − ᾱ).
 */
export function p2Weight(alphaCumprod: number, { k = 1, gamma = 1 }: { k?: number; gamma?: number } = {}): number {
  // (k + SNR)⁻¹ = (1 − ᾱ)/(k·(1 − ᾱ) + ᾱ), which has a value at ᾱ = 1.
  const rest = 1 - alphaCumprod;
  return (rest / (k * rest + alphaCumprod)) ** gamma;
}

/**
 * Min-SNR-γ: min(SNR, γ), divided by what the prediction already weighs: SNR for ε, 1 for the sample, SNR + 1 for v
 * (https://arxiv.org/abs/2303.09556).
 */
export function minSnrWeight(
  alphaCumprod: number,
  { gamma = 5, prediction = "epsilon" }: { gamma?: number; prediction?: Prediction } = {},
): number {
  const snr = signalToNoise(alphaCumprod);
  switch (prediction) {
    case "epsilon":
      // min(SNR, γ)/SNR, which is 1 at SNR = 0.
      return Math.min(1, gamma / snr);
    case "sample":
      return Math.min(snr, gamma);
    case "v":
      return Math.min(alphaCumprod, gamma * (1 - alphaCumprod));
  }
}
