import assert from "node:assert/strict";
import { join } from "node:path";
import { userCacheFolder } from "./cache_folder.ts";

const tempVariables = ["XDG_CACHE_HOME", "HOME"] as const;

async function withVariables(
  values: Partial<Record<typeof tempVariables[number], string>>,
): Promise<string | undefined> {
  const before = tempVariables.map((name) => [name, Deno.env.get(name)] as const);
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  try {
    for (const name of tempVariables) set(name, values[name]);
    return await userCacheFolder();
  } finally {
    for (const [name, value] of before) set(name, value);
  }
}

Deno.test("userCacheFolder() is XDG_CACHE_HOME's, where that is an absolute path", async () => {
  const home = Deno.cwd();
  assert.equal(await withVariables({ XDG_CACHE_HOME: join(home, "xdg"), HOME: home }), join(home, "xdg", "wuerstchen"));
});

Deno.test({
  name: "userCacheFolder() is ~/.cache else, and nowhere without a home",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const home = Deno.cwd();
    const expected = join(home, ".cache", "wuerstchen");
    assert.equal(await withVariables({ HOME: home }), expected);
    assert.equal(await withVariables({ XDG_CACHE_HOME: "relative", HOME: home }), expected);
    assert.equal(await withVariables({ XDG_CACHE_HOME: "", HOME: home }), expected);
    assert.equal(await withVariables({}), undefined);
  },
});

Deno.test({
  name: "userCacheFolder() asks nobody for leave",
  permissions: { env: false },
  fn: async () => assert.equal(await userCacheFolder(), undefined),
});
