import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { JsonlLog } from "./jsonl_log.ts";

Deno.test("append() goes on behind the last whole line, and drops one that was left unfinished", () =>
  inTempFolder(async (folder) => {
    const path = join(folder, "log.jsonl");
    await Deno.writeTextFile(path, '{"a":1}\n{"a":');
    {
      using log = await JsonlLog.open(path);
      await log.append({ a: 2 }, { sync: true });
      await log.append({ a: 3 });
    }
    assert.equal(await Deno.readTextFile(path), '{"a":1}\n{"a":2}\n{"a":3}\n');
  }));
