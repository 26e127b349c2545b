/**
 * Adds arrays of one length: Σ weight·array, in float64, rounded once.
 *
 * @throws {RangeError} where the arrays differ in length
 */
export function weightedSum(...terms: readonly (readonly [weight: number, values: Float32Array])[]): Float32Array {
  const lengths = terms.map(([, { length }]) => length);
  const [length = 0] = lengths;
  if (lengths.some((other) => other !== length)) {
    throw new RangeError(`Expected arrays of one length but found ${lengths.join(", ")}`);
  }
  const sum = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    let value = 0;
    for (const [weight, values] of terms) value += weight * values[i]!;
    sum[i] = value;
  }
  return sum;
}
