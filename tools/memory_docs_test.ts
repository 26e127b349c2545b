import assert from "node:assert/strict";
import { fitting, marks } from "./memory_docs.ts";

const peaks = [
  { precision: "fp32", whole: 9e9, tiled: 5e9 },
  { precision: "fp16", whole: 6e9, tiled: 3e9 },
  { precision: "int8", whole: 2e9, tiled: 2e9 },
] as const;

Deno.test("the most exact precision that fits is named, and tiles before fewer bits", () => {
  assert.deepEqual([1e9, 2e9, 4e9, 5e9, 9e9].map((room) => fitting(peaks, room)), [
    "–",
    "int8",
    "fp16, tiles",
    "fp32, tiles",
    "fp32",
  ]);
});

Deno.test("docs/devices.md has a table between its marks", async () => {
  const text = await Deno.readTextFile(new URL("../docs/devices.md", import.meta.url));
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  assert.match(text.slice(start, end), /Würstchen v2, 1024 × 1024 px +\|/);
});
