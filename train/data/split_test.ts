import assert from "node:assert/strict";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { isHeldOut } from "./hold_out.ts";
import { openSource, selectSamples } from "./source.ts";
import { splitByCaption } from "./split.ts";
import { plainPng, writeFiles } from "./_test_files.ts";

Deno.test("splitByCaption() puts every sample on one side, by its caption alone", async () => {
  await inTempFolder(async (folder) => {
    const files = Array.from({ length: 40 }, (_, i) => [[`${i}.png`, plainPng(1, 1)], [`${i}.txt`, `thing ${i % 20}`]]);
    await writeFiles(folder, Object.fromEntries(files.flat()));
    const source = await openSource(folder);
    const { training, heldOut } = await splitByCaption(source, { modulo: 4 });
    assert.deepEqual([...training, ...heldOut].sort((a, b) => a - b), [...Array(40).keys()]);
    assert.ok(heldOut.length > 0 && heldOut.length < 20);
    const part = selectSamples(source, heldOut);
    for (let i = 0; i < part.length; i++) {
      const name = Number(part.entry(i).id.slice(0, -".png".length));
      assert.ok(isHeldOut([`thing ${name % 20}`], { modulo: 4 }));
    }
  });
});
