import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { readHubSettings } from "./settings.ts";
import { Token } from "./token.ts";

const names = [
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_TOKEN",
  "HF_TOKEN_PATH",
  "HF_ENDPOINT",
  "HF_HUB_OFFLINE",
  "HF_HUB_ETAG_TIMEOUT",
  "HF_HUB_DOWNLOAD_TIMEOUT",
  "HF_HUB_DISABLE_XET",
  "XDG_CACHE_HOME",
  "HOME",
];

/** Reads the settings with these variables and no others. */
async function settingsOf(variables: Record<string, string>) {
  const before = names.map((name) => [name, Deno.env.get(name)] as const);
  for (const name of names) Deno.env.delete(name);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    return await readHubSettings();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

Deno.test("the environment says where the cache is, as it does to Python", async () => {
  const cache = async (variables: Record<string, string>) => (await settingsOf(variables)).cacheFolder;
  assert.equal(await cache({ HOME: "/home/a" }), "/home/a/.cache/huggingface/hub");
  assert.equal(await cache({ HOME: "/home/a", XDG_CACHE_HOME: "/c" }), "/c/huggingface/hub");
  assert.equal(await cache({ HOME: "/home/a", XDG_CACHE_HOME: "/c", HF_HOME: "~/hf" }), "/home/a/hf/hub");
  assert.equal(await cache({ HOME: "/home/a", HF_HOME: "/hf", HF_HUB_CACHE: "/cache" }), "/cache");
  await assert.rejects(() => settingsOf({}), /set HF_HOME/);
});

Deno.test("endpoint, offline, times and Xet come from the environment", async () => {
  const plain = await settingsOf({ HOME: "/a" });
  assert.deepEqual(
    [plain.endpoint, plain.offline, plain.answerSeconds, plain.stallSeconds, plain.xet],
    ["https://huggingface.co", false, 10, 30, true],
  );
  const set = await settingsOf({
    HOME: "/a",
    HF_ENDPOINT: "https://mirror.example/hf/",
    HF_HUB_OFFLINE: "yes",
    HF_HUB_ETAG_TIMEOUT: "3",
    HF_HUB_DOWNLOAD_TIMEOUT: "60",
    HF_HUB_DISABLE_XET: "1",
  });
  assert.deepEqual(
    [set.endpoint, set.offline, set.answerSeconds, set.stallSeconds, set.xet],
    ["https://mirror.example/hf", true, 3, 60, false],
  );
  for (
    const [name, value] of [["HF_ENDPOINT", "mirror"], ["HF_ENDPOINT", "file:///x"], ["HF_HUB_ETAG_TIMEOUT", "0"], [
      "HF_HUB_DOWNLOAD_TIMEOUT",
      "1.5",
    ]] as const
  ) {
    await assert.rejects(
      () => settingsOf({ HOME: "/a", [name]: value }),
      (error) => error instanceof ConfigError && error.message.startsWith(name),
    );
  }
});

Deno.test("a token comes from HF_TOKEN, else from its file, and never shows itself", () =>
  inTempFolder(async (folder) => {
    const file = join(folder, "token");
    await Deno.writeTextFile(file, "hf_ofTheFile\n");
    const header = async (variables: Record<string, string>) => (await settingsOf(variables)).token?.header;
    assert.equal(await header({ HF_HOME: folder }), "Bearer hf_ofTheFile");
    assert.equal(await header({ HF_HOME: "/nothing", HF_TOKEN_PATH: file }), "Bearer hf_ofTheFile");
    assert.equal(await header({ HF_HOME: folder, HF_TOKEN: " hf_own " }), "Bearer hf_own");
    assert.equal(await header({ HF_HOME: "/nothing" }), undefined);
    await assert.rejects(
      () => settingsOf({ HF_HOME: folder, HF_TOKEN: "hf_secret\nX-Evil: 1" }),
      (error: Error) =>
        error instanceof ConfigError && /^HF_TOKEN: /.test(error.message) && !error.message.includes("secret"),
    );
    const token = new Token("hf_secret", { source: "test" });
    for (const text of [String(token), JSON.stringify({ token }), Deno.inspect({ token }), `${token}`]) {
      assert.ok(!text.includes("secret"), text);
    }
  }));
