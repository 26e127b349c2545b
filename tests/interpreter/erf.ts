/**
 * The error function in float64.
 * @module
 */

/**
 * erf x, to about 15 digits.
 *
 * Below 3 its series 2/√π·exp(−x²)·Σ 2ⁿ·x²ⁿ⁺¹/(2n+1)!! (https://dlmf.nist.gov/7.6, eq. 7.6.2), all terms of one sign;
 * above, 1 less the continued fraction of erfc (https://dlmf.nist.gov/7.9, eq. 7.9.1).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  const bell = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) sum += term *= 2 * x * x / (2 * n + 1);
    return 2 * bell * sum;
  }
  let fraction = size;
  for (let n = 120; n >= 1; n--) fraction = size + (n / 2) / fraction;
  return Math.sign(x) * (1 - bell / fraction);
}
