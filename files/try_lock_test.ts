import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tryLock } from "./try_lock.ts";

/** A file as Deno 2.4 opens it. */
function withoutTryLock(file: Deno.FsFile): Deno.FsFile {
  return { lock: (exclusive: boolean) => file.lock(exclusive), close: () => file.close() } as Deno.FsFile;
}

for (const [name, view] of [["", (file: Deno.FsFile) => file], [" on Deno 2.4", withoutTryLock]] as const) {
  Deno.test({
    name: `tryLock() has one holder at a time, and the next when that one is closed${name}`,
    // A lock that is waited for cannot be given up.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () =>
      inTempFolder(async (folder) => {
        const open = async () => view(await Deno.open(join(folder, "lock"), { create: true, write: true }));
        const [first, second] = [await open(), await open()];
        assert.equal(await tryLock(first), true);
        assert.equal(await tryLock(second), false);
        first.close();
        assert.equal(await tryLock(second), true);
        second.close();
      }),
  });
}
