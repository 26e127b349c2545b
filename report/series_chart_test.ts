import assert from "node:assert/strict";
import { seriesChart } from "./series_chart.ts";

const across = [1, 4, 16].map((value) => ({ label: String(value), value }));
const curve = (name: string, values: readonly number[], margin?: number) => ({
  name,
  points: values.map((y, index) => ({ index, y, margin })),
});

/** Middles of the dots. */
function dots(html: string): [number, number][] {
  return [...html.matchAll(/<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"/g)].map((
    [, x, y],
  ) => [Number(x), Number(y)]);
}

Deno.test("numbers over a decade lie on a logarithmic axis: equal factors are equally far apart", () => {
  const [a, b, c] = dots(seriesChart({ title: "PSNR", across, series: [curve("ddim", [20, 25, 30])] }));
  assert.ok(Math.abs((b![0] - a![0]) - (c![0] - b![0])) < 0.5);
  assert.ok(a![1] > b![1] && b![1] > c![1], "higher values are above");
});

Deno.test("words stand side by side in the order given", () => {
  const words = ["ddim", "heun"].map((value) => ({ label: value, value }));
  const html = seriesChart({ title: "x", across: words, series: [curve("", [1, 2])] });
  const [a, b] = dots(html);
  assert.ok(a![0] < b![0]);
  assert.match(html, />ddim<\/text>/);
});

Deno.test("error bars reach from value − margin to value + margin, inside of the drawing", () => {
  const html = seriesChart({ title: "x", across, series: [curve("a", [1, 2, 3], 0.5)] });
  const bars = [...html.matchAll(/<path class="bar" d="M[\d.]+ ([\d.]+)V([\d.]+)/g)].map((
    [, a, b],
  ) => [Number(a), Number(b)]);
  assert.equal(bars.length, 3);
  for (const [i, [low, high]] of bars.entries()) {
    const [, y] = dots(html)[i]!;
    assert.ok(low! > y && y > high! && high! >= 8 && low! <= 216);
  }
});

Deno.test("text is escaped, what is not finite is left out, and more series than can be told apart are said", () => {
  const html = seriesChart({
    title: "<b>",
    across,
    series: Array.from({ length: 13 }, (_, i) => curve(`<i>${i}`, [1, NaN, Infinity])),
  });
  assert.doesNotMatch(html, /<i>|NaN|Infinity/);
  assert.match(html, /first 12 of 13 series/);
  assert.equal(dots(html).length, 12);
  assert.match(seriesChart({ title: "x", across, series: [curve("a", [NaN])] }), /nothing to draw yet/);
});
