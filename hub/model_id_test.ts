import assert from "node:assert/strict";
import { CheckpointError } from "../errors.ts";
import { formatModelId, parseModelId } from "./model_id.ts";

Deno.test("parseModelId() reads repositories with and without a revision", () => {
  assert.deepEqual(parseModelId("warp-ai/wuerstchen"), { id: "warp-ai/wuerstchen", revision: "main" });
  assert.deepEqual(parseModelId("a/b.c_d@refs/pr/1"), { id: "a/b.c_d", revision: "refs/pr/1" });
  for (const text of ["a/b", "a/b@v1.0"]) assert.equal(formatModelId(parseModelId(text)!), text);
});

Deno.test("parseModelId() leaves paths and words to others", () => {
  for (
    const text of [
      "emoji",
      "./a/b",
      "../a",
      "/a/b",
      "a/b/c",
      "a/",
      "/b",
      "a\\b",
      "a b/c",
      "-a/b",
      "a/b.git",
      "a/b--c",
      "a/..",
      "~/a",
      "",
    ]
  ) {
    assert.equal(parseModelId(text), undefined, text);
  }
});

Deno.test("a revision that could lead out of the cache is refused", () => {
  for (
    const revision of [
      "../../x",
      "a/../b",
      "/etc",
      "",
      ".",
      "a\\b",
      "a b",
      "a:b",
      "x.lock",
      "a//b",
      "-a",
      "a".repeat(201),
    ]
  ) {
    assert.throws(
      () => parseModelId(`a/b@${revision}`),
      (error) => error instanceof CheckpointError && /after the @/.test(error.message),
      revision,
    );
  }
});
