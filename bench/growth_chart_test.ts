import assert from "node:assert/strict";
import { growthChart } from "./growth_chart.ts";

const points = [{ x: 1, seconds: 2, peak: 1e8 }, { x: 2, seconds: 3, peak: 1e8 }, { x: 4, seconds: 5, peak: 2e8 }];

Deno.test("the chart has a panel with a point for each measurement, and a line of even growth", () => {
  const svg = growthChart([{ name: "pictures <of a draw>", points }, { name: "nothing", points: [] }]);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 1080 230"/);
  assert.equal(svg.match(/<circle/g)!.length, 3);
  assert.equal(svg.match(/class="even"/g)!.length, 1);
  assert.match(svg, /seconds by pictures &lt;of a draw&gt;/);
});

Deno.test("what costs less than even growth lies below its line", () => {
  const svg = growthChart([{ name: "steps", points }]);
  const even = /class="even" d="M[\d.]+ [\d.]+L([\d.]+) ([\d.]+)"/.exec(svg)!.slice(1).map(Number);
  const dots = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map((dot) => dot.slice(1).map(Number));
  // Upwards is less; the line ends where the panel does, before the last point.
  assert.ok(even[0]! < dots.at(-1)![0]! && even[1]! <= dots.at(-1)![1]!);
});
