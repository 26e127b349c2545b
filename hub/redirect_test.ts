import assert from "node:assert/strict";
import { HubError } from "../errors.ts";
import { nextAddress } from "./redirect.ts";

const next = (location: string | undefined, from = "https://hub.example/a/b", status = 302) =>
  nextAddress({ status, headers: new Headers(location === undefined ? {} : { location }) }, new URL(from))?.href;

Deno.test("nextAddress() follows redirections to https, and relative ones", () => {
  assert.equal(next("https://cdn.example/x"), "https://cdn.example/x");
  assert.equal(next("/x"), "https://hub.example/x");
  assert.equal(next("http://cdn.example/x", "http://127.0.0.1:1/"), "http://cdn.example/x");
  assert.equal(next("/x", "https://hub.example/", 200), undefined);
});

Deno.test("nextAddress() refuses the way from https to http, and to what is no web address", () => {
  for (
    const location of [
      "http://hub.example/x",
      "http://cdn.example/x",
      "file:///etc/passwd",
      "data:,x",
      "",
      undefined,
      "https://",
    ]
  ) {
    assert.throws(() => next(location), HubError, location);
  }
});
