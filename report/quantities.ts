/**
 * Numbers as people read them.
 * @module
 */

/** Three significant digits: `0.0123`, `1.5e-7`, `12,300`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return value === Infinity ? "∞" : String(value).replace("-Infinity", "−∞");
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-4 || size >= 1e9) return value.toExponential(2).replace(/\.?0*e\+?/, "e");
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** A whole number with separators: `1,234,567`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number with a thousands prefix for an axis: `500`, `2.5k`, `1M`. */
export function formatShort(value: number): string {
  for (const [unit, sign] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (Math.abs(value) >= unit) return `${Number((value / unit).toPrecision(4))}${sign}`;
  }
  return formatNumber(value);
}

/** Floating-point operations: `3.2 TFLOP`. */
export function formatFlops(flops: number): string {
  for (const [unit, sign] of [[1e18, "E"], [1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"]] as const) {
    if (flops >= unit) return `${Number((flops / unit).toPrecision(3))} ${sign}FLOP`;
  }
  return `${formatCount(flops)} FLOP`;
}

/** Bytes: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  for (const [unit, sign] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]] as const) {
    if (bytes >= unit) return `${Number((bytes / unit).toPrecision(3))} ${sign}`;
  }
  return `${bytes} B`;
}

/** Seconds: `42 s`, `5 min 03 s`, `12 h 40 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** An ISO time as `2026-02-03 14:05 UTC`. */
export function formatTime(iso: string): string {
  return new Date(iso).toISOString().replace(/^(.{10})T(.{5}).*$/, "$1 $2 UTC");
}
