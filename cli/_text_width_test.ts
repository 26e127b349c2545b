import assert from "node:assert/strict";
import fc from "fast-check";
import { fitText, textWidth, visibleText } from "./_text_width.ts";

Deno.test("textWidth() counts wide characters twice and marks not at all", () => {
  assert.equal(textWidth("red apple"), 9);
  assert.equal(textWidth("日本語"), 6);
  assert.equal(textWidth("e\u0301té"), 3);
  assert.equal(textWidth("🍎"), 2);
  assert.equal(textWidth("❤"), 1);
  assert.equal(textWidth("❤\ufe0f"), 2);
  assert.equal(textWidth("ｆｕｌｌ"), 8);
  assert.equal(textWidth("한글"), 4);
  assert.equal(textWidth(""), 0);
});

Deno.test("fitText() cuts between visible characters and says so", () => {
  assert.equal(fitText("red apple", 9), "red apple");
  assert.equal(fitText("red apple", 8), "red app…");
  assert.equal(fitText("日本語", 5), "日本…");
  assert.equal(fitText("日本語", 4), "日…");
  assert.equal(fitText("e\u0301te\u0301s", 3), "e\u0301t…");
  assert.equal(fitText("👩‍🚀 and more", 5), "👩‍🚀…");
  assert.equal(fitText("abc", 1), "…");
  assert.equal(fitText("abc", 0), "");
});

Deno.test("fitText() never takes more columns than it may", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, columns) => {
    assert.ok(textWidth(fitText(text, columns)) <= columns);
  }));
});

Deno.test("visibleText() writes out what could steer the terminal or reorder the line", () => {
  assert.equal(visibleText("a\x1b[31mb\r\n\x07"), "a\\u{1b}[31mb\\u{d}\\u{a}\\u{7}");
  assert.equal(visibleText("\x9b31m\u202eabc\u2028\ud800"), "\\u{9b}31m\\u{202e}abc\\u{2028}\\u{d800}");
  assert.equal(visibleText("שלום 日本 🍎 é"), "שלום 日本 🍎 é");
  assert.equal(visibleText("two\n\tlines\x1b", { multiline: true }), "two\n\tlines\\u{1b}");
});
