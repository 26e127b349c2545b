import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError, HubError } from "../errors.ts";
import { FakeHub } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { filesOf, pushedPaths, pushFiles } from "./push.ts";

const weights = new Uint8Array(300_000).map((_, i) => i * 7);

Deno.test("pushFiles() makes the repository and adds the files in one commit", () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    const client = clientOf(hub, folder, { token: true });
    await Deno.writeFile(join(folder, "model.safetensors"), weights);
    await Deno.writeTextFile(join(folder, "config.json"), "{}");
    const files = [
      ...filesOf(folder, ["model.safetensors", "config.json"]),
      { path: "README.md", content: { text: "# A model\n" } },
    ];
    const states: string[] = [];
    const onProgress = ({ path, state }: { path: string; state: string }) => void states.push(`${state} ${path}`);
    const pushed = await pushFiles("me/model", files, { client, message: "First", onProgress });
    const { files: there, commit } = hub.repositories.get("me/model")!;
    assert.deepEqual(there["model.safetensors"], weights);
    assert.deepEqual(new TextDecoder().decode(there["README.md"]), "# A model\n");
    assert.deepEqual(Object.keys(there).sort(), ["README.md", "config.json", "model.safetensors"]);
    assert.deepEqual(pushed, { commit, url: `${hub.url}/me/model/commit/${commit}` });
    assert.ok(states.includes("uploading model.safetensors"));
    // A repository that is there takes another commit.
    await pushFiles("me/model", files.slice(2), { client, message: "Second" });
    assert.deepEqual(hub.pushes.map(({ summary }) => summary), ["First", "Second"]);
    // The storage is another host: it gets no token.
    for (const { host, authorization } of hub.requests) assert.equal(authorization === null, host === "cdn");
  }));

Deno.test("without a token, or with one that is not taken, nothing is pushed", () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    const files = [{ path: "a.json", content: { text: "{}" } }];
    await assert.rejects(
      () => pushFiles("me/model", files, { client: clientOf(hub, folder), message: "x" }),
      ConfigError,
    );
    hub.fail(/create/, { status: 403 });
    const client = clientOf(hub, folder, { token: true });
    await assert.rejects(() => pushFiles("me/model", files, { client, message: "x" }), (error) =>
      error instanceof HubError &&
      /^me\/model: .* the account of this token may not do this \(403\)$/.test(error.message));
    assert.equal(hub.repositories.size, 0);
  }));

Deno.test("offline nothing is pushed, and no other command is said to help", () =>
  inTempFolder(async (folder) => {
    await using hub = new FakeHub();
    for (const token of [true, false]) {
      const client = clientOf(hub, folder, { token, offline: true });
      const files = [{ path: "a.json", content: { text: "{}" } }];
      await assert.rejects(() => pushFiles("me/model", files, { client, message: "x" }), {
        name: "HubError",
        message: "me/model: to push needs the network, which HF_HUB_OFFLINE forbids: run this without that variable",
      });
    }
    assert.deepEqual(hub.requests, []);
  }));

Deno.test("hidden files and the state of a training are not pushed", () => {
  const paths = ["prior/config.json", ".git/config", "training/state.safetensors", "a/.DS_Store", "wuerstchen.json"];
  assert.deepEqual(pushedPaths(paths), ["prior/config.json", "wuerstchen.json"]);
});
