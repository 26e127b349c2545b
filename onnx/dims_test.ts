import assert from "node:assert/strict";
import fc from "fast-check";
import { broadcast, type Dim, formatShape, product, quotient, resolveShape, sameShape } from "./dims.ts";

Deno.test("product() of symbols and numbers has one form, whatever their order", () => {
  assert.equal(product([]), 1);
  assert.equal(product([3, 4]), 12);
  assert.equal(product(["batch", 1]), "batch");
  assert.equal(product([2, "width", "batch", 3]), "6*batch*width");
  assert.equal(product(["6*batch", "width"]), product(["width", 2, "3*batch"]));
});

Deno.test("quotient() is a whole dimension, or undefined", () => {
  assert.equal(quotient(12, 4), 3);
  assert.equal(quotient(12, 5), undefined);
  assert.equal(quotient("6*batch", 3), "2*batch");
  assert.equal(quotient("6*batch", "batch"), 6);
  assert.equal(quotient("6*batch*width", "2*width"), "3*batch");
  assert.equal(quotient("batch", "width"), undefined);
  assert.equal(quotient(12, "batch"), undefined);
  assert.equal(quotient(12, 0), undefined);
});

Deno.test("quotient() undoes product()", () => {
  const dim: fc.Arbitrary<Dim> = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constantFrom("batch", "width", "height"));
  const shape = fc.array(dim, { maxLength: 5 });
  fc.assert(fc.property(shape, shape, (a, b) => {
    assert.equal(quotient(product([...a, ...b]), product(b)), product(a));
  }));
});

Deno.test("broadcast() follows NumPy, and a symbol meets itself or 1 only", () => {
  assert.deepEqual(broadcast([3, 1], [4]), [3, 4]);
  assert.deepEqual(broadcast([], ["batch", 2]), ["batch", 2]);
  assert.deepEqual(broadcast(["batch", 1, 5], [7, 1]), ["batch", 7, 5]);
  assert.equal(broadcast([2], [3]), undefined);
  assert.equal(broadcast(["batch"], [2]), undefined);
  assert.equal(broadcast(["batch"], ["width"]), undefined);
});

Deno.test("sameShape() compares symbol for symbol", () => {
  assert.ok(sameShape(["batch", 2], ["batch", 2]));
  assert.ok(!sameShape(["batch", 2], ["width", 2]));
  assert.ok(!sameShape([2], [2, 1]));
});

Deno.test("resolveShape() puts in sizes and names a symbol that has none", () => {
  assert.deepEqual(resolveShape(["2*batch*width", 3], { batch: 5, width: 7 }), [70, 3]);
  assert.throws(() => resolveShape(["batch", "width"], { batch: 1 }), /"width" of \[batch, width\]/);
  assert.equal(formatShape(["batch", 3]), "[batch, 3]");
});
