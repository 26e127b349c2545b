import assert from "node:assert/strict";
import { runGraph } from "../../tests/run_graph.ts";
import { waves } from "../../tests/wave_weights.ts";
import { countFlops, fuseTransposes, graph, input, matMul, transpose, type Value } from "../mod.ts";

const tensors = {
  a: waves([2, 3, 4, 5]),
  b: waves([2, 3, 4, 6], { phase: 1 }),
  c: waves([2, 3, 6, 5], { phase: 4 }),
  heads: waves([2, 4, 3, 5], { phase: 2 }),
  matrix: waves([6, 5], { phase: 3 }),
};
const a = input("a", "float32", [2, 3, 4, 5]);
const b = input("b", "float32", [2, 3, 4, 6]);
const c = input("c", "float32", [2, 3, 6, 5]);
const heads = input("heads", "float32", [2, 4, 3, 5]);
const matrix = input("matrix", "float32", [6, 5]);
const turned = (x: Value) => transpose(x, [...x.shape.slice(0, -2).map((_, axis) => axis), x.rank - 1, x.rank - 2]);

/** Name, product, and the permutations that are left. */
const cases: [string, Value, string[]][] = [
  ["the first operand is turned", matMul(turned(a), b), []],
  ["the second operand is turned", matMul(a, turned(c)), []],
  ["a matrix is turned that serves all others", matMul(a, turned(matrix)), []],
  ["heads are split off and turned at once", matMul(a, transpose(heads, [0, 2, 3, 1])), ["0,2,1,3"]],
  ["an operand is turned twice", matMul(a, turned(transpose(heads, [0, 2, 1, 3]))), ["0,2,1,3"]],
  ["the result is turned", turned(matMul(turned(a), b)), []],
  ["the result is turned and the heads joined", transpose(matMul(turned(a), b), [0, 3, 1, 2]), ["0,2,1,3"]],
];

for (const [name, y, left] of cases) {
  Deno.test(`products read what is turned: ${name}`, async () => {
    const plain = graph({ outputs: { y } });
    const fused = fuseTransposes(plain);
    const perms = fused.nodes.filter(({ op }) => op === "Transpose").map(({ attributes }) =>
      String(attributes["perm"])
    );
    assert.deepEqual(perms, left);
    assert.ok(fused.nodes.some(({ op }) => op === "FusedMatMul"));
    assert.equal(countFlops(fused.nodes), countFlops(plain.nodes));
    const inputs = Object.fromEntries(plain.inputs.map(({ name }) => [name, tensors[name as keyof typeof tensors]]));
    const before = (await runGraph({ y }, { inputs }))["y"]!;
    const after = (await runGraph({ y }, { inputs, rewrite: fuseTransposes }))["y"]!;
    assert.deepEqual(after.shape, y.shape);
    const values = after.data as Float32Array;
    (before.data as Float32Array).forEach((value, i) => assert.ok(Math.abs(values[i]! - value) < 1e-5, `at ${i}`));
  });
}

Deno.test("a product that others read too is not turned, and neither are rows that stay rows", () => {
  const product = matMul(a, transpose(heads, [0, 2, 3, 1]));
  const both = graph({ outputs: { product, turned: turned(product) } });
  assert.equal(fuseTransposes(both).nodes.filter(({ op }) => op === "Transpose").length, 2);
  const rows = fuseTransposes(
    graph({ outputs: { y: matMul(transpose(heads, [0, 2, 1, 3]), transpose(a, [0, 1, 3, 2])) } }),
  );
  assert.deepEqual(rows.nodes.map(({ op }) => op), ["Transpose", "FusedMatMul"]);
});
