/**
 * How PSNR is written.
 * @module
 */

/** Decibels for people: `24.31 dB`; a file has `null` where nothing is lost, which is an infinite number of them. */
export function formatPsnr(psnr: number | null): string {
  return psnr === null || psnr === Infinity ? "everything" : `${psnr.toFixed(2)} dB`;
}
