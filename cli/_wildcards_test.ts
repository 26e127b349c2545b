import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import type { GenerateFlags } from "./_generate_flags.ts";
import { readRequest } from "./_request.ts";
import { readWildcards } from "./_wildcards.ts";

const flags: GenerateFlags = { metadata: true, show: true };

Deno.test("readWildcards() reads the lines of the wildcards that prompts have, and no others", async () => {
  await inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "animal.txt"), "# animals\nfox\r\n\n  owl \n");
    await Deno.writeTextFile(join(folder, "empty.txt"), "# nothing\n");
    assert.deepEqual([...await readWildcards(["a __animal__", "b"], { folder })], [["animal", ["fox", "owl"]]]);
    const refuses = (prompt: string, message: RegExp) =>
      assert.rejects(
        () => readWildcards([prompt], { folder }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    await refuses("a __plant__", /Expected lines for __plant__ in --wildcards but there is no ".*plant\.txt"/);
    await refuses("__empty__", /empty\.txt: Expected a line for __empty__ but found none/);
  });
});

Deno.test("a prompt with choices and wildcards becomes a run of each choice, with lines drawn by the seed", async () => {
  await inTempFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "animal.txt"), "fox\nowl\ndog\n");
    const promptsFor = async (more: Partial<GenerateFlags>) => {
      const { runs } = await readRequest(["a {red|blue} __animal__"], { ...flags, seed: [1, 2], ...more });
      return runs.map(({ prompt }) => prompt);
    };
    const drawn = await promptsFor({ wildcards: folder });
    assert.equal(drawn.length, 4);
    for (const [i, colour] of ["red", "red", "blue", "blue"].entries()) {
      assert.match(String(drawn[i]), new RegExp(`^a ${colour} (fox|owl|dog)$`));
    }
    assert.deepEqual(await promptsFor({ wildcards: folder }), drawn);
    assert.deepEqual(await promptsFor({ expand: false }), Array(2).fill("a {red|blue} __animal__"));
  });
});
