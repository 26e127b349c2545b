import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { chooseModel } from "./_earlier_model.ts";
import type { GenerateFlags } from "./_request.ts";

const choose = (flags: Partial<GenerateFlags>, earlier?: { name: string; prior?: string; decoder?: string }) =>
  chooseModel(
    { metadata: true, show: true, configFrom: "dog.png", ...flags },
    earlier && { ...earlier, weights: {} },
  );

Deno.test("a model of the flags replaces the earlier one as a whole, a half only that half", () =>
  inTempFolder(async (folder) => {
    const earlier = { name: "emoji", prior: folder, decoder: "other" };
    assert.deepEqual(await choose({}, earlier), { model: "emoji", prior: folder, decoder: "other" });
    assert.deepEqual(await choose({ decoder: "mine" }, earlier), { model: "emoji", prior: folder, decoder: "mine" });
    assert.deepEqual(await choose({ model: "new" }, earlier), { model: "new", prior: undefined, decoder: undefined });
    assert.deepEqual(await choose({ prior: "p" }), { model: undefined, prior: "p", decoder: undefined });
  }));

Deno.test("a folder that is not there any more is named with the flag that replaces it", () =>
  inTempFolder(async (folder) => {
    const gone = join(folder, "gone");
    const rejects = (flags: Partial<GenerateFlags>, earlier: Parameters<typeof choose>[1], message: RegExp) =>
      assert.rejects(() => choose(flags, earlier), { name: "CheckpointError", message });
    await rejects({}, { name: gone }, /^dog\.png: was made with the model ".*gone", .*: name one with --model$/);
    await rejects({}, { name: "emoji", prior: gone }, /the prior ".*gone", which is not there: name one with --prior$/);
    await rejects({ prior: gone }, { name: "emoji", decoder: gone }, /the decoder ".*gone", .* with --decoder$/);
    // What a flag names is found or not found with the model.
    assert.equal((await choose({ prior: gone }, { name: "emoji" })).prior, gone);
  }));
