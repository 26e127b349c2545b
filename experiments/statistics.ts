/**
 * Means with their confidence intervals.
 * @module
 */

/** A mean, and how sure it is. */
export interface Estimate {
  /** The mean of all values. */
  readonly mean: number;
  /** Half the width of the 95 % confidence interval of the mean; undefined for one value. */
  readonly margin: number | undefined;
  /** Values that it is the mean of. */
  readonly count: number;
}

/**
 * The mean of some values with its 95 % confidence interval by Student's t distribution: mean ± t(0.975, n − 1)·s/√n.
 *
 * Where all values are one, infinity included, the mean is that value and the margin 0; a mean with some infinite values is infinite
 * and has no margin.
 *
 * @returns undefined where there are no values
 */
export function estimate(values: readonly number[]): Estimate | undefined {
  const count = values.length;
  const [first] = values;
  if (first === undefined) return undefined;
  if (values.every((value) => value === first)) return { mean: first, margin: count > 1 ? 0 : undefined, count };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (!Number.isFinite(mean)) return { mean, margin: undefined, count };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, margin: tQuantile(count - 1) * Math.sqrt(variance / count), count };
}

/** t(0.975, ν) of 1 to 10 degrees of freedom, beyond which the expansion has four digits. */
const tabulated = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];

/**
 * The 97.5 % quantile of Student's t distribution, by the expansion around the normal quantile of Abramowitz and Stegun, 26.7.5.
 *
 * @param freedom degrees of freedom, from 1
 */
export function tQuantile(freedom: number): number {
  const known = tabulated[freedom - 1];
  if (known !== undefined) return known;
  const z = 1.959964;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), z);
}
