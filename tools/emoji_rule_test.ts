import assert from "node:assert/strict";
import { categories, type IconSet, nameOf, reasonToSkip, selectDrawings, svgOf } from "./emoji_rule.ts";

function pointsOf(emoji: string): number[] {
  return [...emoji].map((character) => character.codePointAt(0)!);
}

Deno.test("reasonToSkip() keeps things, animals and one drawing of each person", () => {
  for (const emoji of ["🍎", "🐈‍⬛", "❤️", "🧑‍🚀", "🏃", "👨", "👭", "❤️‍🔥", "🧑‍🎄"]) {
    assert.equal(reasonToSkip(pointsOf(emoji)), undefined, emoji);
  }
});

Deno.test("reasonToSkip() leaves out variants of people, and clocks", () => {
  const skipped = {
    "👍🏽": "skin tone",
    "👨‍🚀": "man or woman",
    "🏃‍♀️": "man or woman",
    "🏃‍➡️": "turned to the right",
    "🧑‍🤝‍🧑": "several people",
    "🧑‍🧑‍🧒": "several people",
    "🕒": "clock face",
  };
  for (const [emoji, reason] of Object.entries(skipped)) assert.equal(reasonToSkip(pointsOf(emoji)), reason, emoji);
});

Deno.test("selectDrawings() takes what is listed, drawn and of a wanted category, in the order of names", () => {
  const icons = { cup: { body: "<path/>" }, apple: { body: "" }, hidden: { body: "" }, "arrow-up": { body: "" } };
  const set: IconSet = {
    icons: { width: 16, height: 16, icons },
    metadata: { categories: { Objects: ["cup", "missing"], "Food & Drink": ["apple"], Symbols: ["arrow-up"] } },
    chars: {
      "2615": "cup",
      "2615-fe0f": "cup",
      "1f34e": "apple",
      "1f3fb": "missing",
      "2b06": "arrow-up",
      "1f600": "hidden",
    },
  };
  const apple = { icon: "apple", category: "Food & Drink", codePoints: "1f34e" };
  const cup = { icon: "cup", category: "Objects", codePoints: "2615" };
  assert.deepEqual(selectDrawings(set, { wanted: categories }), [apple, cup]);
  assert.deepEqual(selectDrawings(set), [apple]);
  assert.deepEqual(selectDrawings(set, { wanted: ["Objects"] }), [cup]);
});

Deno.test("nameOf() and svgOf() make captions and files", () => {
  assert.equal(nameOf("cup-with-straw"), "cup with straw");
  const svg = svgOf({ body: "<path/>", left: 1, width: 20 }, { size: 128, width: 32, height: 32 });
  assert.match(svg, /width="128" height="128" viewBox="1 0 20 32"><path\/><\/svg>$/);
});
