import assert from "node:assert/strict";
import { tinyTraining } from "./_tiny_training.ts";
import { checkTraining } from "./check_training.ts";

const refused = (set: string[], message: RegExp) =>
  assert.throws(() => checkTraining(tinyTraining("data", { set })), { name: "ConfigError", message });

Deno.test("settings of networks are checked before the data is read", () => {
  refused(["model.prior.dpeth=3"], /"model\.prior\.dpeth": there is no such setting; did you mean "depth"\?/);
  refused(["model.prior.c=0"], /model\.prior\.c: /);
  refused(["model.decoder.c_in=5"], /Expected model\.decoder\.c_in to be 4/);
  refused(["model.prior.nhead=-1"], /^The sizes of prior contradict each other: .* attention heads but found -1/);
});

Deno.test("the compressor has to take the pictures' channels", () => {
  checkTraining(tinyTraining("data", { set: ["data.channels=5"] }));
  refused(
    ["data.channels=1", 'model.compressor={"_class_name":"EfficientNetEncoder"}'],
    /Expected a compressor of the 1 channels of data\.channels but found one of 3: the small one takes any number/,
  );
  refused(
    ["data.channels=4", "model.compressor.image_mean=[0.5,0.5]"],
    /image_mean to have a number for each of the 4 channels, or one, but found 2/,
  );
});

Deno.test("a phase needs what the one before makes, or a model to start from", () => {
  const { stageA: _, ...withoutA } = tinyTraining("data");
  assert.throws(
    () => checkTraining({ ...withoutA, stageA: undefined }),
    /stageB: Expected stageA too, or a model to start from/,
  );
  const { stageB: __, ...withoutB } = tinyTraining("data");
  assert.throws(() => checkTraining({ ...withoutB, stageB: undefined }), /stageC: Expected stageB too/);
  checkTraining({ ...withoutB, stageB: undefined, start: "model" });
});

Deno.test("what the finished model cannot paint is refused before it is trained", () => {
  refused(
    ["model.defaults.width=20"],
    /^model\.defaults: Expected width to be an integer from 64 to 4096 but found 20/,
  );
  refused(
    ["model.defaults.min_side=128"],
    /^model\.defaults: Expected width to be an integer from 128 to 4096 but found 64/,
  );
  checkTraining(tinyTraining("data", { set: ["data.size=32"] }));
});
