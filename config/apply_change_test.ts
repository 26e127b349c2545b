import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { applyChange } from "./apply_change.ts";

const example = "a.b=1";

Deno.test("applyChange() sets values inside of objects and lists, as JSON or else as text", () => {
  const settings = { a: { b: 1 }, list: [{ scale: 1 }] };
  applyChange(settings, "a.b=2.5", { example });
  applyChange(settings, "a.name=a red apple", { example });
  applyChange(settings, "new.deep=[1, 2]", { example });
  applyChange(settings, "list.0.scale=0.5", { example });
  assert.deepEqual(settings, { a: { b: 2.5, name: "a red apple" }, new: { deep: [1, 2] }, list: [{ scale: 0.5 }] });
});

Deno.test("applyChange() refuses keys of prototypes, values without keys, entries that are not there, and what is no change", () => {
  const refused = (change: string, message: RegExp) =>
    assert.throws(
      () => applyChange({ a: 1, list: [] }, change, { example }),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  refused("__proto__.x=1", /there is no such setting/);
  refused("a.constructor=1", /there is no such setting/);
  refused("a.b=1", /"a" has no keys of its own/);
  refused("list.0=1", /"list" has no keys of its own/);
  refused("list.5.x=1", /"5" has no keys of its own/);
  refused("steps", /Expected --set as key=value, such as a\.b=1/);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});
