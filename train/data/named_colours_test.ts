import assert from "node:assert/strict";
import { colourDistance, namedColours, nearestColour, parseColour } from "./named_colours.ts";

Deno.test("any two named colours are at least 0.12 apart in OKLab", () => {
  const colours = Object.entries(namedColours);
  for (const [i, [name, hex]] of colours.entries()) {
    for (const [other, otherHex] of colours.slice(i + 1)) {
      const distance = colourDistance(parseColour(hex), parseColour(otherHex));
      assert.ok(distance >= 0.12, `${name} and ${other} are ${distance} apart`);
    }
  }
});

Deno.test("colourDistance() is 1 between black and white", () => {
  assert.ok(Math.abs(colourDistance([0, 0, 0], [1, 1, 1]) - 1) < 1e-6);
});

Deno.test("nearestColour() names a colour that is a little off", () => {
  for (const [name, hex] of Object.entries(namedColours)) {
    const [r, g, b] = parseColour(hex);
    assert.equal(nearestColour([r * 0.96, g * 0.96 + 0.02, b * 0.96 + 0.01]), name);
  }
  assert.equal(nearestColour([0, 0, 1], { colours: { a: "#ff0000", b: "#0000ff" } }), "b");
});

Deno.test("parseColour() refuses anything but #rrggbb", () => {
  assert.deepEqual(parseColour("#ff0033"), [1, 0, 0.2]);
  for (const text of ["red", "#fff", "#gg0000", "#ff003300"]) assert.throws(() => parseColour(text), RangeError);
});
