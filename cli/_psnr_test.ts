import assert from "node:assert/strict";
import { formatPsnr } from "./_psnr.ts";

Deno.test("formatPsnr() has two digits, and a word for what a file cannot hold", () => {
  assert.deepEqual([24.314, -3, Infinity, null].map(formatPsnr), ["24.31 dB", "-3.00 dB", "everything", "everything"]);
});
