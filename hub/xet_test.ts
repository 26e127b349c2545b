import assert from "node:assert/strict";
import { join } from "node:path";
import { fakeHash, FakeHub, fakeToken } from "../tests/fake_hub.ts";
import { clientOf } from "../tests/hub_settings.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { downloadFiles } from "./download.ts";
import { listRepository } from "./listing.ts";

const id = "org/model";
const path = "prior/model.safetensors";
const weights = new Uint8Array(1_000_000).map((_, i) => (i * 7919) >>> 3);

const withXet =
  (test: (hub: FakeHub, pull: (xet?: boolean) => Promise<Uint8Array>, blobs: string) => Promise<void>) => () =>
    inTempFolder(async (folder) => {
      await using hub = new FakeHub();
      hub.add(id, { [path]: weights }, { xet: true });
      await test(hub, async (xet = true) => {
        const client = clientOf(hub, folder, { token: true, xet });
        const snapshot = await downloadFiles(await listRepository(client, { id, revision: "main" }), [path], {
          client,
        });
        return await Deno.readFile(join(snapshot, path));
      }, join(folder, "hub", "models--org--model", "blobs"));
    });

const asked = ({ requests }: FakeHub) =>
  requests.filter(({ host }) => host === "cdn").map(({ path }) => path.split("/")[1]);

Deno.test(
  "large files come from Xet storage where the hub has them there, without the hub's token",
  withXet(async (hub, pull) => {
    assert.deepEqual(await pull(), weights);
    assert.deepEqual([...new Set(asked(hub))], ["v2", "blocks"]);
    for (const { host, authorization } of hub.requests) {
      if (host === "cdn") assert.notEqual(authorization, `Bearer ${fakeToken}`);
    }
  }),
);

Deno.test(
  "a download that was begun is taken up from Xet storage",
  withXet(async (hub, pull, blobs) => {
    await Deno.mkdir(blobs, { recursive: true });
    await Deno.writeFile(join(blobs, `${fakeHash(path, weights)}.incomplete`), weights.subarray(0, 700_001));
    assert.deepEqual(await pull(), weights);
    assert.equal(hub.requests.find(({ path }) => path.startsWith("/v2/"))!.range, "bytes=700001-999999");
  }),
);

Deno.test("where Xet storage fails, a plain download follows", async () => {
  const faults = [
    { status: 500 },
    { status: 404 },
    { redirect: "http://127.0.0.1:9/" },
    { status: 200, endless: true },
  ];
  for (const fault of faults) {
    await withXet(async (hub, pull) => {
      hub.fail(/cdn:\/(v2|blocks)/, fault, { times: 100 });
      assert.deepEqual(await pull(), weights);
      assert.equal(asked(hub).at(-1), "org");
    })();
  }
});

Deno.test(
  "HF_HUB_DISABLE_XET asks for plain downloads",
  withXet(async (hub, pull) => {
    assert.deepEqual(await pull(false), weights);
    assert.deepEqual(asked(hub), ["org"]);
  }),
);
