import assert from "node:assert/strict";
import { statIfThere } from "./stat_if_there.ts";

const here = import.meta.filename!;

Deno.test("what is there is described, and what is missing is undefined", async () => {
  assert.equal((await statIfThere(here))?.isFile, true);
  assert.equal(await statIfThere(`${here}.none`), undefined);
  // Below a file there can be nothing.
  assert.equal(await statIfThere(`${here}/none`), undefined);
});

Deno.test({
  name: "what may not be looked at is an error, not missing",
  permissions: { read: false },
  fn: () => assert.rejects(statIfThere(here), { name: "NotCapable", message: /--allow-read/ }),
});
