import assert from "node:assert/strict";
import { lineChart } from "./chart.ts";

function points(count: number, value: (i: number) => number) {
  return Array.from({ length: count }, (_, i) => ({ x: i + 1, y: value(i) }));
}

/** Coordinates of a path by class. */
function path(svg: string, name: string): number[][] {
  const [, found] = new RegExp(`<path class="${name}" d="([^"]*)"`).exec(svg) ?? [];
  assert(found !== undefined, `no path ${name}`);
  return [...found.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

Deno.test("a curve goes from left to right inside the drawing, higher values above", () => {
  const svg = lineChart({ title: "Loss", points: points(30, (i) => i) });
  const line = path(svg, "curve");
  assert.equal(line.length, 30);
  assert(line.every(([x, y], i) => i === 0 || x! > line[i - 1]![0]! && y! < line[i - 1]![1]!));
  assert(line.every(([x, y]) => x! >= 56 && x! <= 336 && y! >= 8 && y! <= 146));
  assert.equal(line.at(-1)![0], 336);
});

Deno.test("values over more than a decade get a logarithmic axis, unless it is to begin at zero", () => {
  const falling = points(50, (i) => 10 ** (-i / 10));
  const log = lineChart({ title: "Loss", points: falling });
  assert.match(log, /log scale/);
  const [, ...heights] = path(log, "curve").map(([, y], i, all) => i === 0 ? 0 : y! - all[i - 1]![1]!);
  assert(heights.every((height) => Math.abs(height - heights[0]!) <= 0.2), "equal factors are equal heights");
  assert.doesNotMatch(lineChart({ title: "Loss", points: falling, scale: "zero" }), /log scale/);
  assert.doesNotMatch(lineChart({ title: "Loss", points: points(50, (i) => i - 3) }), /log scale/);
});

Deno.test("a hundred thousand points become at most a thousand, and the spike among them stays", () => {
  const svg = lineChart({ title: "x", points: points(100_000, (i) => i === 54_321 ? 9 : 1), smooth: true });
  assert(path(svg, "raw").length <= 1000 && path(svg, "curve").length <= 1000);
  assert(Math.min(...path(svg, "raw").map(([, y]) => y!)) < 40);
  assert(svg.length < 60_000);
});

Deno.test("the title says the last value and the lowest, and is escaped", () => {
  const svg = lineChart({
    title: "<b>",
    points: points(3, (i) => 3 - i),
    lowest: true,
    format: (value) => `${value}&`,
  });
  assert.match(svg, /<b>&lt;b&gt;<\/b> <span>last 1&amp; · lowest 1&amp;<\/span>/);
  assert.match(svg, /aria-label="&lt;b&gt; over steps 0 to 3, last 1&amp;/);
});

Deno.test("no value, one value, equal values and values that are no numbers are drawn", () => {
  assert.match(lineChart({ title: "x", points: [] }), /nothing logged yet/);
  assert.match(lineChart({ title: "x", points: [{ x: 1, y: NaN }] }), /nothing logged yet/);
  assert.match(lineChart({ title: "x", points: points(1, () => 4) }), /<circle class="dot"/);
  for (const value of [0, 7, -2]) assert.doesNotMatch(lineChart({ title: "x", points: points(5, () => value) }), /NaN/);
  const holed = lineChart({ title: "x", points: points(9, (i) => i === 4 ? Infinity : i) });
  assert.equal(path(holed, "curve").length, 8);
});

Deno.test("marks stand at their steps", () => {
  const svg = lineChart({ title: "x", points: points(10, (i) => i), marks: [5] });
  assert.match(svg, /<path class="mark" d="M196 8V146"><title>resumed after step 5<\/title>/);
});
