import assert from "node:assert/strict";
import { betweenMarks } from "./markdown.ts";
import { countOperations, marks, operationsTables } from "./operations_docs.ts";

Deno.test("docs/operations.md has the tables as they are counted (mend with deno task operations-docs)", async () => {
  const text = await Deno.readTextFile(new URL("../docs/operations.md", import.meta.url));
  assert.equal(text, betweenMarks(text, operationsTables(), marks));
});

Deno.test("the single stages are as large as Stage C, and as Stage B but for what its image embedding needs", () => {
  const { wuerstchen, singles } = countOperations(1024);
  const decoder = wuerstchen.find(({ name }) => name === "Stage B")!;
  const [same, f4, f8] = singles.map(({ rows }) => rows[1]!);
  assert.ok(f4!.parameters < decoder.parameters && f4!.parameters > 0.8 * decoder.parameters);
  assert.equal(f4!.parameters, f8!.parameters);
  // Attention grows faster than the number of cells.
  assert.ok(f4!.flops > 4 * f8!.flops * 0.98 && f4!.flops < 8 * f8!.flops);
  const stageC = wuerstchen.find(({ name }) => name === "Stage C")!;
  assert.ok(
    Math.abs(same!.parameters / stageC.parameters - 1) < 0.001,
    "but for the first and the last layer it is Stage C",
  );
  assert.ok(same!.flops > stageC.flops * (128 / 24) ** 2);
});
