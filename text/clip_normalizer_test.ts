import assert from "node:assert/strict";
import fc from "fast-check";
import { normalizeClipText } from "./clip_normalizer.ts";

Deno.test("normalizeClipText() composes, then makes white space one space, then lowers", () => {
  assert.equal(normalizeClipText("WU\u0308RST\t\n \u0085\u3000Chen "), "würst chen ");
});

Deno.test("normalizeClipText() lowers a final Σ to σ", () => {
  assert.equal(normalizeClipText("ΟΔΥΣΣΕΥΣ Σ"), "οδυσσευσ σ");
});

Deno.test("normalizeClipText() lowers İ to two characters and does not compose them", () => {
  assert.equal(normalizeClipText("İI\u0307"), "i\u0307i\u0307");
});

Deno.test("normalizeClipText() leaves U+FEFF, U+200B and NUL in place", () => {
  assert.equal(normalizeClipText("\ufeffA\u200b\0"), "\ufeffa\u200b\0");
});

Deno.test("normalizeClipText() makes millions of spaces one", () => {
  assert.equal(normalizeClipText(`a${" ".repeat(3e6)}b`), "a b");
});

Deno.test("normalizeClipText() orders long runs of combining marks as NFC does", () => {
  // Classes 1 to 240, starters among the marks, and marks that NFD takes apart.
  const mark = fc.constantFrom(
    ...["\u0301", "\u0316", "\u0334", "\u0345", "\u0344", "\u0315", "\u0327", "\u05b0", "\u0651", "\u093c", "\u094d"],
    ...["\u3099", "\u20e3", "\u0903", "\u0f73", "\u0308", "\u0338", "\u{1d165}", "\u{1d16d}"],
  );
  const run = fc.tuple(fc.constantFrom("a", "e", "か", ""), fc.array(mark, { minLength: 250, maxLength: 600 }));
  fc.assert(
    fc.property(fc.array(run, { maxLength: 3 }), (runs) => {
      const text = runs.map(([base, marks]) => base + marks.join("")).join("x");
      assert.equal(normalizeClipText(text), text.normalize("NFC").toLowerCase());
    }),
    { numRuns: 40 },
  );
});

Deno.test("normalizeClipText() takes no quadratic time for a run of a million combining marks", () => {
  const started = performance.now();
  const normal = normalizeClipText("\u0301\u0316".repeat(500_000));
  assert.equal(normal, "\u0316".repeat(500_000) + "\u0301".repeat(500_000));
  assert(performance.now() - started < 30_000, "V8's own NFC would take minutes");
});
