import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HubClient } from "../../hub/client.ts";
import { downloadFiles } from "../../hub/download.ts";
import { listRepository } from "../../hub/listing.ts";
import { clientOf } from "../../tests/hub_settings.ts";
import type { FakeHub } from "../../tests/fake_hub.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { benchModel, writeFiles } from "./files.ts";

const python = new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" });
// A program that is not there is an error before there is a promise of one.
const hasPython = await Promise.try(() => python.output()).then(({ success }) => success, () => false);

Deno.test({
  name: `the benchmark's hub serves what its files are${hasPython ? "" : " (skipped: there is no python3)"}`,
  ignore: !hasPython,
  fn: () =>
    inTempFolder(async (folder) => {
      const files = await writeFiles(folder, { largeBytes: 1_500_000, smallFiles: 3, smallBytes: 1000 });
      assert.deepEqual(files.map(({ size }) => size), [1_500_000, 1000, 1000, 1000]);
      const script = fileURLToPath(new URL("./server.py", import.meta.url));
      const server = new Deno.Command("python3", { args: [script, folder], stdout: "piped" }).spawn();
      const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
      try {
        const { value: url } = await lines.read();
        const client: HubClient = clientOf({ url: url!.trim() } as FakeHub, folder);
        const listing = await listRepository(client, { id: benchModel, revision: "main" });
        const snapshot = await downloadFiles(listing, files.map(({ path }) => path), { client });
        for (const { path } of files) {
          assert.deepEqual(await Deno.readFile(join(snapshot, path)), await Deno.readFile(join(folder, path)));
        }
      } finally {
        server.kill();
        await lines.cancel();
        await server.status;
      }
    }),
});
