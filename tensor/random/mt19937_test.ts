import assert from "node:assert/strict";
import { Mt19937 } from "./mt19937.ts";

Deno.test("the 10000th word of seed 5489 is the one that the C++ standard demands of std::mt19937", () => {
  const engine = new Mt19937(5489);
  for (let i = 0; i < 9999; i++) engine.next();
  assert.equal(engine.next(), 4123659995);
});

Deno.test("the first words of seed 5489 are those of the authors' mt19937ar.c", () => {
  const engine = new Mt19937(5489);
  assert.deepEqual(Array.from({ length: 5 }, () => engine.next()), [
    3499211612,
    581869302,
    3890346734,
    3586334585,
    545404204,
  ]);
});

Deno.test("from() continues at any position without touching the other engine", () => {
  const engine = new Mt19937(1);
  for (let i = 0; i < 1300; i++) {
    if (i % 100 === 0) {
      const { words, position } = engine;
      const copy = Mt19937.from({ words, position });
      const other = Mt19937.from({ words, position });
      words.fill(0);
      const first = Array.from({ length: 700 }, () => copy.next());
      assert.deepEqual(Array.from({ length: 700 }, () => other.next()), first);
      assert.equal(engine.next(), first[0]);
    } else engine.next();
  }
});
