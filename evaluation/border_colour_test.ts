import assert from "node:assert/strict";
import type { Pixels } from "../images/pixels.ts";
import { namedColours, parseColour } from "../train/data/named_colours.ts";
import { borderColour } from "./border_colour.ts";

type Rgb = readonly number[];

/** A picture whose pixels a function of their place chooses. */
function picture(width: number, height: number, colourOf: (x: number, y: number) => Rgb): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set(colourOf(i % width, Math.floor(i / width)), 3 * i);
  return { width, height, channels: 3, data };
}

const bytes = (name: keyof typeof namedColours) => parseColour(namedColours[name]).map((value) => 255 * value);
const colours = namedColours;

Deno.test("borderColour() sees the edge and nothing of the middle", () => {
  for (const name of ["teal", "white", "brown"] as const) {
    const inside = (at: number, size: number) => at >= 2 && at < size - 2;
    const framed = picture(20, 12, (x, y) => inside(x, 20) && inside(y, 12) ? [255, 0, 0] : bytes(name));
    assert.equal(borderColour(framed, { colours }), name);
  }
});

Deno.test("borderColour() is the colour of most of the edge, noise and a drawing on it notwithstanding", () => {
  const noisy = picture(32, 32, (x, y) => {
    if (y < 10) return [20, 20, 20];
    return bytes("cyan").map((value, c) => value + ((x * 7 + y * 3 + c) % 9) - 4);
  });
  assert.equal(borderColour(noisy, { colours }), "cyan");
});

Deno.test("every pixel of a picture that is all border counts once", () => {
  const stripes = picture(4, 3, (x) => x === 0 ? [255, 255, 255] : [0, 0, 0]);
  assert.equal(borderColour(stripes, { colours: { light: "#ffffff", dark: "#000000" } }), "dark");
  const halves = picture(2, 2, (x) => x === 0 ? [255, 255, 255] : [0, 0, 0]);
  assert.equal(borderColour(halves, { colours: { light: "#ffffff", dark: "#000000" } }), "light");
});

Deno.test("borderColour() needs colours", () => {
  const grey: Pixels = { width: 1, height: 1, channels: 1, data: new Uint8Array(1) };
  assert.throws(() => borderColour(grey, { colours }), RangeError);
});
