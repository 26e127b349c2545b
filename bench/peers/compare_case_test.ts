import assert from "node:assert/strict";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { realSizeCases } from "../cases.ts";
import { ours } from "../contender.ts";
import { eachWithWeights } from "../weights_folder.ts";
import { compareCase, type Entry, peerRows } from "./compare_case.ts";

/** A contender that answers each line, its start included, with the next of `answers`, then ends. */
function scripted(...answers: readonly string[]): Entry["command"] {
  const script = `const [first, ...rest] = ${JSON.stringify(answers)};
console.log(first);
const lines = Deno.stdin.readable[Symbol.asyncIterator]();
for (const answer of rest) {
  await lines.next();
  console.log(answer);
}`;
  return [Deno.execPath(), "eval", script];
}

const loaded = JSON.stringify({ load: 1, versions: {}, bytes: 0 });
const refusal = JSON.stringify({ error: "no kernel for gammas" });

Deno.test("what a contender cannot run is a row with its reason, and the others go on", () =>
  inTempFolder(async (folder) => {
    const { checkpoint, ...rest } = realSizeCases(folder).find(({ name }) => name === "stage-a-512")!;
    const small = { ...checkpoint, config: { ...checkpoint.config, embed_dim: 8, bottleneck_blocks: 1 } };
    const timed = { ...rest.timed, sizes: { batch: 1, height: 4, width: 4 } };
    for await (const one of eachWithWeights([{ name: rest.name, timed, checkpoint: small }], { keep: false })) {
      const entries: Entry[] = [
        { name: "ours", command: ours() },
        { name: "cannot load", command: scripted(refusal) },
        { name: "cannot go on", command: scripted(loaded, JSON.stringify({ seconds: 1, processor: 1 }), refusal) },
        { name: "again", command: ours() },
      ];
      const results = await compareCase(one, { entries, threads: 1, steps: 2, folder });
      assert.deepEqual(results.map(({ contender }) => contender), entries.map(({ name }) => name));
      assert.deepEqual(results.map((result) => "cannot" in result ? result.cannot : result.steps.length), [
        2,
        "no kernel for gammas",
        "no kernel for gammas",
        2,
      ]);
      const [first, second, , last] = peerRows(results, { threads: 1 });
      assert.match(first!, /^stage-a-512, ours .* 1\.00 /);
      assert.match(second!, /^stage-a-512, cannot load +cannot: no kernel for gammas$/);
      assert.match(last!, / 0\.0e\+0$/);
    }
  }));
