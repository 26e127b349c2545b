import assert from "node:assert/strict";
import { marks } from "./memory_docs.ts";

Deno.test("docs/devices.md has a table between its marks", async () => {
  const text = await Deno.readTextFile(new URL("../docs/devices.md", import.meta.url));
  const [start, end] = marks.map((mark) => text.indexOf(mark));
  assert.match(text.slice(start, end), /Würstchen v2, 1024 × 1024 px, cuda +\|/);
});
