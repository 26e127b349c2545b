/**
 * Which colour a picture has at its edge.
 * @module
 */
import type { Pixels } from "../images/pixels.ts";
import { nearestColour } from "../train/data/named_colours.ts";

/** How wide the border is that is looked at, in pixels. */
const border = 2;

/**
 * The background of a picture by name: each pixel of the outermost two rings stands for the named colour that looks nearest, and
 * the name with most pixels wins, the first of several. A drawing may thus reach the edge here and there.
 *
 * @param options.colours `#rrggbb` by name
 * @throws {RangeError} where the picture has other channels than red, green and blue
 */
export function borderColour(
  { width, height, channels, data }: Pixels,
  { colours }: { colours: Readonly<Record<string, string>> },
): string {
  if (channels !== 3) throw new RangeError(`Expected a picture of 3 channels but found ${channels}`);
  const votes = new Map(Object.keys(colours).map((name) => [name, 0]));
  // Backgrounds are plain: a few colours stand for nearly all of a border.
  const names = new Map<number, string>();
  for (let y = 0; y < height; y++) {
    const isEdge = y < border || y >= height - border;
    for (let x = 0; x < width; x++) {
      if (!isEdge && x === border && width > 2 * border) x = width - border;
      const at = (y * width + x) * 3;
      const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const key = (r << 16) | (g << 8) | b;
      const name = names.get(key) ?? nearestColour([r / 255, g / 255, b / 255], { colours });
      names.set(key, name);
      votes.set(name, votes.get(name)! + 1);
    }
  }
  return [...votes].reduce((best, next) => next[1] > best[1] ? next : best)[0];
}
