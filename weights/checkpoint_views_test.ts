import assert from "node:assert/strict";
import { join } from "node:path";
import { tensor } from "../tensor/tensor.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { joinedCheckpoint, renamedCheckpoint, t5EncoderOf } from "./checkpoint_views.ts";
import { writeSafetensors } from "./safetensors_writer.ts";

async function open(folder: string, keys: readonly string[]) {
  await Deno.mkdir(folder);
  const tensors = keys.map((key, i) => [key, tensor("float32", [2], Float32Array.of(i, i))] as const);
  await writeSafetensors(join(folder, "model.safetensors"), tensors);
  return await openCheckpoint(folder, { stem: "model" });
}

Deno.test("views read the tensors that they rename and join, and nothing else", () =>
  inTempFolder(async (folder) => {
    const [a, b] = [await open(join(folder, "a"), ["x", "y"]), await open(join(folder, "b"), ["x", "z"])];
    const renamed = renamedCheckpoint(a, (key) => key === "x" ? undefined : `new.${key}`);
    assert.deepEqual([...renamed.tensors.keys()], ["new.y"]);
    assert.equal(renamed.bytes, 8);
    assert.equal((await renamed.read("new.y")).data[0], 1);
    await assert.rejects(renamed.read("y"), /no tensor "y"/);
    const joined = joinedCheckpoint(folder, [["", renamed], ["b.", b]]);
    assert.deepEqual([...joined.tensors.keys()].toSorted(), ["b.x", "b.z", "new.y"]);
    assert.equal((await joined.read("b.z")).data[0], 1);
    assert.deepEqual(joined.files, [...a.files, ...b.files]);
    await Deno.utime(b.files[0]!, 1, 1);
    await Deno.writeFile(b.files[0]!, new Uint8Array(3));
    await assert.rejects(joined.checkUnchanged(), { name: "CheckpointError" });
  }));

Deno.test("of a whole T5 the encoder stays, with its embeddings once", () =>
  inTempFolder(async (folder) => {
    const keys = ["shared.weight", "encoder.embed_tokens.weight", "encoder.x", "decoder.x", "lm_head.weight"];
    const both = t5EncoderOf(await open(join(folder, "both"), keys));
    assert.deepEqual([...both.tensors.keys()].toSorted(), ["encoder.x", "shared.weight"]);
    const tied = t5EncoderOf(await open(join(folder, "tied"), keys.slice(1)));
    assert.deepEqual([...tied.tensors.keys()].toSorted(), ["encoder.x", "shared.weight"]);
  }));
