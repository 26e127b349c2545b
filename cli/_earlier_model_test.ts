import assert from "node:assert/strict";
import { join } from "node:path";
import type { ModelIdentity } from "../pipeline/types.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { chooseModel } from "./_earlier_model.ts";
import type { GenerateFlags } from "./_generate_flags.ts";

const choose = (flags: Partial<GenerateFlags>, earlier?: Omit<ModelIdentity, "weights">) =>
  chooseModel(
    { metadata: true, show: true, configFrom: "dog.png", ...flags },
    earlier && { ...earlier, weights: {} },
  );

Deno.test("a model of the flags replaces the earlier one as a whole, a half only that half", () =>
  inTempFolder(async (folder) => {
    const earlier = { name: "emoji", prior: folder, decoder: "other", variant: "fp16", precision: "int8" } as const;
    const { name: model, ...rest } = earlier;
    assert.deepEqual(await choose({}, earlier), { model, ...rest });
    const changed = { decoder: "mine", variant: "bf16" };
    assert.deepEqual(await choose(changed, earlier), { model, ...rest, ...changed });
    const none = { model: undefined, prior: undefined, decoder: undefined, variant: undefined, precision: undefined };
    assert.deepEqual(await choose({ model: "new" }, earlier), { ...none, model: "new" });
    assert.deepEqual(await choose({ prior: "p" }), { ...none, prior: "p" });
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
