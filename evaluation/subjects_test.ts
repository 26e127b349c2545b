import assert from "node:assert/strict";
import { chooseSubjects } from "./subjects.ts";

const candidates = Array.from(
  { length: 6 },
  (_, i) => ({ index: 10 + i, colours: ["red", "green", "blue"].slice(i % 3) }),
);
const names = (count: number, seed: number) =>
  chooseSubjects(candidates, { count, seed }).map(({ index, colour }) => `${index} ${colour}`);

Deno.test("chooseSubjects() takes every drawing once before it takes one again, on another background", () => {
  const chosen = names(8, 1);
  assert.equal(new Set(chosen.slice(0, 6).map((name) => name.slice(0, 2))).size, 6);
  assert.equal(new Set(chosen).size, 8);
});

Deno.test("chooseSubjects() depends on the seed alone, and a smaller count is the beginning of a larger one", () => {
  assert.deepEqual(names(8, 1), names(8, 1));
  assert.deepEqual(names(3, 1), names(8, 1).slice(0, 3));
  assert.notDeepEqual(names(8, 1), names(8, 2));
});

Deno.test("chooseSubjects() ends when every drawing has been on all of its backgrounds", () => {
  const all = candidates.flatMap(({ index, colours }) => colours.map((colour) => `${index} ${colour}`));
  assert.deepEqual(names(100, 3).sort(), all.sort());
  assert.deepEqual(chooseSubjects([{ index: 0, colours: [] }], { count: 5, seed: 0 }), []);
});

Deno.test("pictures with a background of their own are chosen once", () => {
  const plain = [0, 1, 2].map((index) => ({ index, colours: [undefined] }));
  assert.deepEqual(chooseSubjects(plain, { count: 9, seed: 0 }).map(({ index }) => index).sort(), [0, 1, 2]);
});
