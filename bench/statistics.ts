/** The middle of some numbers; of an even count, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that the share `at` of all values is below, between two of them where it falls there. */
export function quantile(values: readonly number[], at: number): number {
  if (values.length === 0) throw new RangeError("Expected at least one number but found none");
  const sorted = values.toSorted((a, b) => a - b);
  const place = at * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (place % 1) * (above - below);
}
