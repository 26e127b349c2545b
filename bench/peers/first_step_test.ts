import assert from "node:assert/strict";
import { join } from "node:path";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { ours } from "../contender.ts";
import { eachWithWeights } from "../weights_folder.ts";
import { compareFirstSteps, firstStepCase, firstStepRows, firstStepTable } from "./first_step.ts";

Deno.test("every contender opens the model and takes a step in each round, in processes of its own", () =>
  inTempFolder(async (folder) => {
    const { checkpoint, ...rest } = firstStepCase(join(folder, "weights"), { depth: 1 });
    assert.equal(checkpoint.config["c"], 1536);
    const small = { ...checkpoint, config: { ...checkpoint.config, c: 64, nhead: 1, c_cond: 32 } };
    for await (const timed of eachWithWeights([{ ...rest, checkpoint: small }], { keep: false })) {
      const openers = ["one", "other"].map((name) => ({ name, command: ours() }));
      const openings = await compareFirstSteps(timed, { openers, rounds: 1, threads: 1, folder });
      assert.deepEqual(openings.map(({ contender }) => contender), ["one", "other"]);
      assert.ok(openings.every(({ open, step }) => open > 0 && step > 0));
      const [first, second] = firstStepRows(openings);
      assert.match(first!, /^one .* 1\.00 /);
      assert.equal(second!.length, firstStepTable.head().length);
    }
  }));
