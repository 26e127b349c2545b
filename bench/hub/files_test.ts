import assert from "node:assert/strict";
import { join } from "node:path";
import type { HubClient } from "../../hub/client.ts";
import { downloadFiles } from "../../hub/download.ts";
import { listRepository } from "../../hub/listing.ts";
import { clientOf } from "../../tests/hub_settings.ts";
import type { FakeHub } from "../../tests/fake_hub.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { writeFiles } from "./files.ts";
import { answer, benchModel } from "./server.ts";

Deno.test("the benchmark's hub serves what its files are", () =>
  inTempFolder(async (folder) => {
    const files = await writeFiles(folder, { largeBytes: 1_500_000, smallFiles: 3, smallBytes: 1000 });
    assert.deepEqual(files.map(({ size }) => size), [1_500_000, 1000, 1000, 1000]);
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) =>
      answer(request, { folder, files }));
    const hub = { url: `http://127.0.0.1:${server.addr.port}` } as FakeHub;
    const client: HubClient = clientOf(hub, folder);
    const listing = await listRepository(client, { id: benchModel, revision: "main" });
    const snapshot = await downloadFiles(
      listing,
      files.map(({ path }) =>
        path
      ),
      { client },
    );
    for (const { path } of files) {
      assert.deepEqual(await Deno.readFile(join(snapshot, path)), await Deno.readFile(join(folder, path)));
    }
  }));
