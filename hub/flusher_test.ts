import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { Flusher } from "./flusher.ts";

const MiB = 1 << 20;

Deno.test("wrote() asks the disk once 64 MiB have come, and not again while it is at work", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "text");
    const requests: PromiseWithResolvers<void>[] = [];
    const { syncData } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.syncData = () => {
      requests.push(Promise.withResolvers<void>());
      return requests.at(-1)!.promise;
    };
    try {
      using flusher = new Flusher(path);
      flusher.wrote(63 * MiB);
      assert.equal(requests.length, 0);
      flusher.wrote(MiB);
      flusher.wrote(100 * MiB);
      assert.equal(requests.length, 1);
      let finished = false;
      const finish = flusher.finish().then(() => finished = true);
      await Promise.resolve();
      assert(!finished);
      requests[0]!.reject(new Error("a fault of the disk"));
      await finish;
      flusher.wrote(1);
      assert.equal(requests.length, 2);
      requests[1]!.resolve();
      await flusher.finish();
    } finally {
      Deno.FsFile.prototype.syncData = syncData;
    }
  }));
