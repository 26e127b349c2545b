import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { parseMetadataJson } from "./metadata_json.ts";

Deno.test("parseMetadataJson() reads what JSON.stringify() writes", () => {
  fc.assert(fc.property(fc.json(), (json) => {
    fc.pre(!/__proto__|constructor|prototype/.test(json));
    assert.deepEqual(parseMetadataJson(json), JSON.parse(json));
  }));
});

Deno.test("keys that could reach a prototype are refused at any depth", () => {
  for (const key of ["__proto__", "constructor", "prototype", "\\u005f_proto__"]) {
    assert.throws(() => parseMetadataJson(`{"a": [{"${key}": {"polluted": true}}]}`), CheckpointError, key);
  }
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.deepEqual(parseMetadataJson('["__proto__"]'), ["__proto__"]);
});

Deno.test("depth and number of values are bounded before the parser runs", () => {
  assert.throws(() => parseMetadataJson("[".repeat(1e6)), /deeper than 64/);
  assert.throws(() => parseMetadataJson(`[${"1,".repeat(2e5)}1]`), /more than 100000 values/);
  assert.throws(() => parseMetadataJson(`[${"{}".repeat(2e5)}]`), /more than 100000 values/);
  const brackets = JSON.stringify(['\\"[[{,'.repeat(1e5)]);
  assert.deepEqual(parseMetadataJson(brackets), JSON.parse(brackets));
  assert.deepEqual(parseMetadataJson("[".repeat(64) + "]".repeat(64)), JSON.parse("[".repeat(64) + "]".repeat(64)));
});

Deno.test("what is no JSON is a CheckpointError with its cause", () => {
  for (const text of ["", "{", '{"a":1}x', "undefined", "[1,]", '"', "\\"]) {
    assert.throws(() => parseMetadataJson(text), { name: "CheckpointError", message: /not valid JSON/ }, text);
  }
});
