/**
 * Colours with names that people use, far enough apart to tell.
 * @module
 */
import type { Rgb } from "./channels.ts";

/** Fourteen colours, sRGB; any two are at least 0.12 apart in OKLab, where 0.02 is just visible. */
export const namedColours = {
  white: "#ffffff",
  black: "#141414",
  grey: "#969696",
  red: "#d62828",
  orange: "#f77f00",
  yellow: "#ffd60a",
  green: "#38a832",
  teal: "#007f86",
  cyan: "#4cc9f0",
  blue: "#2556d8",
  purple: "#7a2fb0",
  pink: "#f78fb8",
  brown: "#6f4018",
  beige: "#e0c79a",
} as const satisfies Readonly<Record<string, string>>;

/**
 * Red, green and blue of `#rrggbb`.
 *
 * @throws {RangeError} where the text is no such colour
 */
export function parseColour(hex: string): Rgb {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new RangeError(`Expected a colour such as #0080ff but found "${hex}"`);
  const byte = (at: number) => parseInt(hex.slice(at, at + 2), 16) / 255;
  return [byte(1), byte(3), byte(5)];
}

/** Distance of two colours as seen: Euclidean in OKLab ({@link https://bottosson.github.io/posts/oklab/}). */
export function colourDistance(one: Rgb, other: Rgb): number {
  const [a, b] = [oklab(one), oklab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Name of the colour that looks nearest, of {@linkcode namedColours} unless told. */
export function nearestColour(
  rgb: Rgb,
  { colours = namedColours }: { colours?: Readonly<Record<string, string>> } = {},
): string {
  const distances = Object.entries(colours).map(([name, hex]) =>
    [colourDistance(rgb, parseColour(hex)), name] as const
  );
  return distances.reduce((best, next) => next[0] < best[0] ? next : best)[1];
}

function oklab(rgb: Rgb): Rgb {
  const [r, g, b] = rgb.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  ) as unknown as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
