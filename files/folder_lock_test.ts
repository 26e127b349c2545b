import assert from "node:assert/strict";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { lockFolder } from "./folder_lock.ts";

Deno.test("a folder is locked once, and again after it was unlocked", () =>
  inTempFolder(async (folder) => {
    {
      using _lock = await lockFolder(folder, { what: "experiment" });
      await assert.rejects(
        () => lockFolder(folder, { what: "experiment" }),
        (error) => error instanceof ConfigError && /another experiment is running in this folder/.test(error.message),
      );
    }
    using _again = await lockFolder(folder, { what: "experiment" });
  }));
