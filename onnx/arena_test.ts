import assert from "node:assert/strict";
import { Arena } from "./arena.ts";

const mebibyte = 2 ** 20;

Deno.test("memory that is given back is used again", () => {
  const arena = new Arena();
  for (let i = 0; i < 10; i++) arena.release(arena.allocate(1000));
  assert.equal(arena.bytes, 1000);
});

Deno.test("what is in use at once lies side by side, in steps of 256 bytes", () => {
  const arena = new Arena();
  assert.deepEqual([1, 300, 256].map((bytes) => arena.allocate(bytes)), [0, 256, 768]);
  assert.equal(arena.bytes, 1024);
});

Deno.test("the smallest free piece that fits is taken, and neighbours that are free become one", () => {
  const arena = new Arena();
  const [a, b, c, d] = [1024, 512, 2048, 256].map((bytes) => arena.allocate(bytes)) as [number, number, number, number];
  arena.release(a);
  arena.release(c);
  assert.equal(arena.allocate(1500), c);
  arena.release(c);
  arena.release(b);
  assert.equal(arena.allocate(1024 + 512 + 2048), a);
  assert.ok(d > c);
});

Deno.test("a piece less than twice as large is taken whole", () => {
  const arena = new Arena();
  const first = arena.allocate(mebibyte);
  arena.release(first);
  assert.equal(arena.allocate(0.6 * mebibyte), first);
  assert.notEqual(arena.allocate(0.3 * mebibyte), 0.6 * mebibyte);
});

Deno.test("regions double, or are as large as what is asked for, and what nothing writes does not count", () => {
  const arena = new Arena();
  assert.equal(arena.allocate(5 * mebibyte), 0);
  assert.equal(arena.allocate(4 * mebibyte), 8 * mebibyte);
  assert.equal(arena.allocate(4 * mebibyte), 12 * mebibyte);
  assert.equal(arena.allocate(mebibyte), 16 * mebibyte);
  assert.equal(arena.bytes, (5 + 4 + 4 + 1) * mebibyte);
});
