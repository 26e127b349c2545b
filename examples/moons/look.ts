/**
 * Says of a picture which moon it shows, by a few rules that anybody can check by eye.
 * @module
 */
import type { Moon } from "./moon.ts";

/** What can be told from the outline of the lit part. */
export type Outline = Pick<Moon, "size" | "phase" | "light">;

/** Columns of the lit pixels of a row. */
interface Row {
  readonly count: number;
  readonly sum: number;
}

const middleOf = (rows: readonly Row[]) =>
  rows.reduce((sum, row) => sum + row.sum, 0) / rows.reduce((sum, row) => sum + row.count, 0);

/**
 * Looks at the pixels that are lit by a quarter of the brightest or more.
 *
 * Their height tells the size, their width by their height the phase: 1 is full, about 0.57 half, about 0.4 a crescent. The tips of a
 * half moon and of a crescent point away from the light, so its side is where the middle lies as seen from the tips.
 *
 * @param picture a square, row by row, of any range from 0
 * @returns undefined where nothing is lit
 */
export function lookAt(picture: ArrayLike<number>): Outline | undefined {
  const side = Math.sqrt(picture.length);
  const brightest = Array.from(picture).reduce((most, value) => Math.max(most, value), 0);
  const rows: Row[] = [];
  let [left, right] = [side, -1];
  for (let y = 0; y < side; y++) {
    let [count, sum] = [0, 0];
    for (let x = 0; x < side; x++) {
      if (picture[y * side + x]! <= brightest / 4) continue;
      count++;
      sum += x;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    rows.push({ count, sum });
  }
  const top = rows.findIndex(({ count }) => count > 0);
  if (top < 0) return undefined;
  const lit = rows.slice(top, rows.findLastIndex(({ count }) => count > 0) + 1);
  const ratio = (right - left + 1) / lit.length;
  const phase = ratio > 0.78 ? "full" : ratio > 0.48 ? "half" : "crescent";
  const tip = Math.max(1, Math.floor(lit.length / 4));
  const tips = middleOf([...lit.slice(0, tip), ...lit.slice(-tip)]);
  const middle = middleOf(lit.slice(tip, -tip));
  const light = phase === "full" ? "front" : tips > middle ? "left" : "right";
  return { size: lit.length > side * 0.57 ? "large" : "small", phase, light };
}
