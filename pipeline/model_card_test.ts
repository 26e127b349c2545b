import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { isNonCommercial, readModelCard } from "./model_card.ts";

Deno.test("readModelCard() reads prior and licence of the front matter, and of nothing else", () =>
  inTempFolder(async (folder) => {
    const read = async (text: string) => {
      await Deno.writeTextFile(join(folder, "README.md"), text);
      return await readModelCard(folder);
    };
    assert.deepEqual(await readModelCard(folder), { prior: undefined, license: undefined, licenseLink: undefined });
    assert.deepEqual(
      await read(
        "---\nlicense: other\nlicense_name: stable-cascade-nc-community\nlicense_link: LICENSE\nprior:\n  - a/b\n---\n",
      ),
      { prior: "a/b", license: "stable-cascade-nc-community", licenseLink: "LICENSE" },
    );
    assert.equal((await read('---\r\nlicense: "mit"\r\n---\r\n')).license, "mit");
    assert.equal((await read("# A model\nlicense: mit\n")).license, undefined);
  }));

Deno.test("isNonCommercial() knows the names of such licences", () => {
  const forbidding = [
    "stable-cascade-nc-community",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "Non-Commercial",
    "research-only",
  ];
  for (const name of forbidding) assert.ok(isNonCommercial(name), name);
  for (const name of ["mit", "apache-2.0", "openrail++", "cc-by-4.0", "ncsa", "other"]) {
    assert.ok(!isNonCommercial(name), name);
  }
});
