import assert from "node:assert/strict";
import { drawMoon } from "./draw.ts";
import { lookAt } from "./look.ts";
import { captionOf, moons } from "./moon.ts";

Deno.test("lookAt() sees of every drawing what its caption says", () => {
  for (let i = 0; i < 600; i++) {
    const moon = moons[i % moons.length]!;
    const { size, phase, light } = moon;
    assert.deepEqual(lookAt(drawMoon(i)), { size, phase, light }, `${i}: ${captionOf(moon)}`);
  }
});

Deno.test("lookAt() sees nothing in the dark", () => {
  assert.equal(lookAt(new Uint16Array(64)), undefined);
});
