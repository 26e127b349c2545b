import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { hideHome, showHome } from "./home_path.ts";

const home = resolve("ann");

Deno.test("a path below the home folder does not tell its name, and comes back", async () => {
  const path = join(home, "loras", "ink.safetensors");
  const written = await hideHome(path, { home });
  assert.equal(written, join("~", "loras", "ink.safetensors"));
  assert.equal(await showHome(written, { home }), path);
  assert.equal(await showHome(written, { home: resolve("ben") }), join(resolve("ben"), "loras", "ink.safetensors"));
});

Deno.test("other paths become absolute, those beside the home folder among them", async () => {
  for (const path of [resolve("annex", "ink"), resolve("ink"), home]) {
    assert.equal(await hideHome(path, { home }), path);
    assert.equal(await showHome(path, { home }), path);
  }
  assert.equal(await hideHome("ink", { home }), resolve("ink"));
  // A folder that begins with two dots is below the home folder all the same, and stays whole.
  assert.equal(await hideHome(join(home, "..ink"), { home }), join(home, "..ink"));
});

Deno.test({
  name: "without leave to read the environment paths are absolute",
  permissions: { env: false, read: true },
  fn: async () => assert.equal(await hideHome(resolve("ink")), resolve("ink")),
});
