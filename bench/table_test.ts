import assert from "node:assert/strict";
import { Table } from "./table.ts";

Deno.test("numbers keep three significant digits, and what is unknown is n/a", () => {
  const cells = new Table(["case", "a", "b", "c", "d", "e"]).row(["x", 12345.6, 12.345, 0.0012345, 0, undefined]).split(
    / {2,}/,
  );
  assert.deepEqual(cells, ["x", "12346", "12.3", "0.0012", "0", "n/a"]);
});

Deno.test("every row is as wide as the headings", () => {
  const table = new Table(["case", "seconds", "a heading that is long"]);
  assert.equal(table.row(["name", 1.5, undefined]).length, table.head().length);
});
