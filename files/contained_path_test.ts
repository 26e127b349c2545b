import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { CheckpointError } from "../errors.ts";
import { unsafeNames } from "../tests/unsafe_names.ts";
import { containedPath } from "./contained_path.ts";

Deno.test("containedPath() refuses every unsafe name, under the rules of POSIX and of Windows", () => {
  for (const name of unsafeNames) {
    assert.throws(
      () => containedPath("/cache", name, { source: "org/name" }),
      (error) => error instanceof CheckpointError && /^org\/name: names the file/.test(error.message),
      name,
    );
  }
});

Deno.test("containedPath() joins what stays inside", () => {
  for (const name of ["config.json", "prior/model.safetensors", "..a", ".gitattributes", "a b/c", "ä/ö"]) {
    assert.equal(containedPath("/cache", name, { source: "x" }), join("/cache", name));
  }
});

Deno.test("whatever containedPath() returns begins with its folder", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", ":", " ", "\0") }), (name) => {
    let path: string;
    try {
      path = containedPath("/cache", name, { source: "x" });
    } catch {
      return;
    }
    assert.ok(path.startsWith(join("/cache", "a").slice(0, 7)) && !path.split("/").includes(".."), path);
  }));
});
