import { defineScheduler } from "../plugins/define.ts";

/**
 * DDPM as Würstchen is sampled with (Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239):
 *
 *     α = ᾱ(t) / ᾱ(tPrev)
 *     μ = √(1/α) · (x − (1 − α) · ε̂ / √(1 − ᾱ(t)))                                                  (eq. 11)
 *     x' = μ + √((1 − α) · (1 − ᾱ(tPrev)) / (1 − ᾱ(t))) · noise,  without noise at tPrev = 0         (eq. 6 and 7)
 *
 * Every operation is rounded to float32 in the order of diffusers'
 * {@link https://github.com/huggingface/diffusers/blob/v0.39.0/src/diffusers/schedulers/scheduling_ddpm_wuerstchen.py DDPMWuerstchenScheduler},
 * because the first step multiplies by up to 100 and with it every rounding error. What remains is the last bit of torch's own float32 `cos` and
 * `sqrt`, which are not rounded correctly on every machine.
 */
export default defineScheduler({
  name: "ddpm-wuerstchen",
  summary: "DDPM as the reference of Würstchen samples, bit for bit; no noise in the last step",
  paper: "https://arxiv.org/abs/2006.11239",
  create: (_options, { schedule, prediction }) => ({
    step({ modelOutput, sample, t, tPrev, noise }) {
      checkLengths({ modelOutput, sample, noise });
      const now = schedule.alphaCumprod32(t);
      const before = schedule.alphaCumprod32(tPrev);
      const alpha = f32(now / before);
      const scale = f32(Math.sqrt(f32(1 / alpha)));
      const removed = f32(1 - alpha);
      const deviation = f32(Math.sqrt(f32(1 - now)));
      const variance = f32(f32(removed * f32(1 - before)) / f32(1 - now));
      const sigma = f32(tPrev) === 0 ? 0 : f32(Math.sqrt(variance));
      const epsilon = prediction.noise({ modelOutput, sample }, now);
      return sample.map((x, i) => {
        const mu = f32(scale * f32(x - f32(f32(removed * epsilon[i]!) / deviation)));
        return sigma === 0 ? mu : mu + f32(sigma * noise[i]!);
      });
    },
  }),
});

const f32 = Math.fround;

function checkLengths(arrays: Record<string, Float32Array>): void {
  const lengths = Object.entries(arrays).map(([name, { length }]) => `${name} ${length}`);
  const [first, ...others] = Object.values(arrays);
  if (others.some(({ length }) => length !== first!.length)) {
    throw new RangeError(`Expected arrays of one length but found ${lengths.join(", ")}`);
  }
}
