import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/codec.ts";
import { fakeTerminal } from "../tests/fake_terminal.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { standInFor } from "./_missing_model.ts";
import { runGenerate } from "./_run_generate.ts";

Deno.test("the random model stands in for the bundled one alone, and only where that is missing", () =>
  inTempFolder(async (modelsFolder) => {
    for (const model of [undefined, "emoji"]) {
      assert.equal(await standInFor(model), undefined);
      const standIn = await standInFor(model, { modelsFolder });
      assert.equal(standIn?.model, tinyModel);
      assert.match(standIn!.notice, /^the bundled model is missing \(.*emoji\): .* random weights /);
    }
    assert.equal(await standInFor("other", { modelsFolder }), undefined);
    await Deno.mkdir(join(modelsFolder, "emoji"));
    assert.equal(await standInFor(undefined, { modelsFolder }), undefined);
  }));

Deno.test("generate without its bundled model says so in one line and paints", () =>
  inTempFolder(async (folder) => {
    const [stdout, stderr] = [fakeTerminal({ isTerminal: false }), fakeTerminal({ isTerminal: false })];
    const flags = {
      metadata: true,
      show: false,
      quiet: true,
      steps: 1,
      decoderSteps: 1,
      output: join(folder, "x.png"),
    };
    await runGenerate(["a fox"], flags, { stdout, stderr, modelsFolder: join(folder, "models") });
    assert.deepEqual(stdout.written, [`${join(folder, "x.png")}\n`]);
    assert.equal(stderr.written.length, 1);
    assert.match(
      stderr.written[0]!,
      /^warning: the bundled model is missing .*: this paints with the random weights .*\n$/,
    );
    const { width, height } = await decodeImage(await Deno.readFile(join(folder, "x.png")));
    assert.deepEqual([width, height], [128, 128]);
  }));
