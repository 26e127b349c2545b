import assert from "node:assert/strict";
import { posix } from "node:path";
import fc from "fast-check";
import * as path from "./path.ts";

const paths = fc.array(fc.constantFrom("a", "b.c", "..", ".", ""), { maxLength: 5 }).map((parts) => parts.join("/"));
const absolute = paths.map((path) => `/${path}`);

Deno.test("paths in a browser are those of node:path", () => {
  fc.assert(fc.property(absolute, paths, absolute, (a, b, c) => {
    const trim = (path: string) => path.replace(/(.)\/$/, "$1");
    assert.equal(path.join(a, b), trim(posix.join(a, b)));
    assert.equal(path.resolve(a, b), posix.resolve(a, b));
    assert.equal(path.resolve(b, c), posix.resolve(c));
    assert.equal(path.relative(a, c), posix.relative(a, c));
    assert.deepEqual([a, b].map(path.isAbsolute), [a, b].map(posix.isAbsolute));
  }));
  for (const name of ["/a/b.c", "a/b", "a", "/a", "/a/b/"]) {
    assert.deepEqual([path.basename(name), path.dirname(name)], [posix.basename(name), posix.dirname(name)]);
  }
});
