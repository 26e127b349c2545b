import assert from "node:assert/strict";
import { isHeldOut } from "./hold_out.ts";

const pairs = Array.from({ length: 4000 }, (_, i) => [`drawing ${i % 400}`, `colour ${i % 10}`]);

Deno.test("isHeldOut() holds out one in modulo", () => {
  for (const modulo of [2, 10, 50]) {
    const count = pairs.filter((pair) => isHeldOut(pair, { modulo })).length;
    const expected = pairs.length / modulo;
    // Four standard deviations of a binomial count.
    assert.ok(Math.abs(count - expected) < 4 * Math.sqrt(expected), `${count} of ${pairs.length}`);
  }
});

Deno.test("each combination is held out by one remainder, and always by the same", () => {
  for (const pair of pairs.slice(0, 100)) {
    const remainders = [0, 1, 2].filter((remainder) => isHeldOut(pair, { modulo: 3, remainder }));
    assert.equal(remainders.length, 1);
  }
  // The rule is part of published evaluations: its choices must never change.
  const rule = { modulo: 4 };
  assert.deepEqual(
    ["teal", "red", "blue", "white", "pink"].map((colour) => isHeldOut(["red apple, flat", colour], rule)),
    [false, false, true, true, false],
  );
});

Deno.test("parts do not run into each other", () => {
  const remainder = (parts: string[]) =>
    [...Array(1000).keys()].find((r) => isHeldOut(parts, { modulo: 1000, remainder: r }));
  assert.notEqual(remainder(["ab", "c"]), remainder(["a", "bc"]));
});

Deno.test("isHeldOut() refuses rules that hold out everything or nothing", () => {
  for (const rule of [{ modulo: 1 }, { modulo: 2.5 }, { modulo: 3, remainder: 3 }, { modulo: 3, remainder: -1 }]) {
    assert.throws(() => isHeldOut(["a"], rule), RangeError);
  }
});
