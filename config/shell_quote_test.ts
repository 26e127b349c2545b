import assert from "node:assert/strict";
import fc from "fast-check";
import { shellPath, shellQuote } from "./shell_quote.ts";

Deno.test("shellQuote() leaves plain words, and quotes the others in the way that reads best", () => {
  for (
    const [word, quoted] of [
      ["a-red-apple-7.png", "a-red-apple-7.png"],
      ["a red apple", '"a red apple"'],
      ["it's", `"it's"`],
      ["größe", '"größe"'],
      ["", '""'],
      ["$HOME", "'$HOME'"],
      ["it's $5!", `'it'\\''s $5!'`],
    ] as const
  ) assert.equal(shellQuote(word), quoted);
});

Deno.test("shellPath() of a name that begins with - is a path", () => {
  assert.equal(shellPath("-7.png"), "./-7.png");
  assert.equal(shellPath("- 7.png"), '"./- 7.png"');
  assert.equal(shellPath("a-7.png"), "a-7.png");
});

Deno.test({
  name: "a shell reads every word as it was",
  ignore: Deno.build.os === "windows",
  fn() {
    const words = fc.array(fc.string({ unit: fc.constantFrom(..."a é-~*?[]{}()<>|&;#'\"$`\\!\n\t") }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(words, (list) => {
        const script = `printf '%s\\0' end ${list.map(shellQuote).join(" ")}`;
        const { stdout } = new Deno.Command("sh", { args: ["-c", script] }).outputSync();
        assert.deepEqual(new TextDecoder().decode(stdout).split("\0"), ["end", ...list, ""]);
      }),
      { numRuns: 20 },
    );
  },
});
