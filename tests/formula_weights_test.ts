import assert from "node:assert/strict";
import { fnv1a, formulaWeights, readFormula } from "./formula_weights.ts";

for (const path of ["encoder/formula.json", "previewer/tiny/formula.json", "previewer/full512/formula.json"]) {
  Deno.test(`the formula gives the values that ${path} was made with`, () => {
    const formula = readFormula(path);
    const weights = formulaWeights(formula);
    for (const [key, check] of Object.entries(formula.check_values)) {
      const data = weights[key]!.data;
      assert.equal(fnv1a(key), check.fnv1a, key);
      assert.deepEqual([...data.subarray(0, check.first.length)], check.first, key);
      assert.equal(data.at(-1), check.last, key);
      const sum = data.reduce((all, value) => all + value, 0);
      assert.ok(Math.abs(sum - check.sum_float64) < 1e-6, `${key} sums to ${sum}`);
    }
  });
}
