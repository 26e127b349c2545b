import assert from "node:assert/strict";
import fc from "fast-check";
import { readCsv } from "./csv.ts";

Deno.test("readCsv() reads quotes, commas and line ends inside of them, and empty fields", () => {
  const text = 'file_name,caption\r\na.png,"a red, ""round""\napple"\n\nb.png,\nc.png,x';
  assert.deepEqual([...readCsv(text)], [
    { line: 1, fields: ["file_name", "caption"] },
    { line: 2, fields: ["a.png", 'a red, "round"\napple'] },
    { line: 5, fields: ["b.png", ""] },
    { line: 6, fields: ["c.png", "x"] },
  ]);
  assert.deepEqual([...readCsv("a,")], [{ line: 1, fields: ["a", ""] }]);
  assert.deepEqual([...readCsv('"",\n')], [{ line: 1, fields: ["", ""] }]);
});

Deno.test("readCsv() names the line of a quote that is wrong", () => {
  assert.throws(() => [...readCsv('a\nb,"c')], { name: "SyntaxError", message: "line 2: a quote is not closed" });
  assert.throws(() => [...readCsv('a\n"b"c')], /line 2: expected a comma after a closing quote but found "c"/);
});

Deno.test("readCsv() gives back what was quoted", () => {
  const record = fc.array(fc.string(), { minLength: 2, maxLength: 4 });
  fc.assert(fc.property(fc.array(record, { maxLength: 5 }), (records) => {
    const text = records.map((fields) => fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",")).join(
      "\n",
    );
    assert.deepEqual([...readCsv(text)].map(({ fields }) => fields), records);
  }));
});
