import assert from "node:assert/strict";
import { join } from "node:path";
import { freeBytes } from "./free_bytes.ts";

Deno.test("freeBytes() tells of a folder, and nothing of one that is not there", async () => {
  const free = await freeBytes(Deno.cwd());
  assert.ok(free !== undefined && free > 0 && Number.isInteger(free));
  assert.equal(await freeBytes(join(Deno.cwd(), "none")), undefined);
});

Deno.test({
  name: "freeBytes() that may not ask names the flag, in place of letting a download fill the disk",
  permissions: { read: true, sys: false },
  fn: () =>
    assert.rejects(() => freeBytes("."), {
      name: "PermissionError",
      message: "Cannot see whether . has room: run with --allow-sys=statfs",
    }),
});
