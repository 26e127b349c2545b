import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError, ConfigError } from "../errors.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loraFile } from "../tests/lora_fixture.ts";
import { assertClose } from "../tests/read_fixture.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { convertModel } from "./convert_model.ts";
import { extractLora } from "./extract_lora.ts";

const stem = "diffusion_pytorch_model";
const base = join(tinyModel, "wuerstchen-prior", "prior");
const vqgan = join(tinyModel, "wuerstchen", "vqgan");
const loras = [{ file: loraFile("plain/pytorch_lora_weights.safetensors") }];

Deno.test("a LoRA that was merged is extracted again: added to the base it gives the merged weights", async () => {
  await inTempFolder(async (folder) => {
    const [tuned, path, again] = ["tuned", "lora", "again"].map((name) => join(folder, `${name}.safetensors`)) as [
      string,
      string,
      string,
    ];
    await convertModel(base, tuned, { loras });
    const told: number[] = [];
    const found = await extractLora({ base, tuned, path }, {
      rank: 4,
      onProgress: ({ done, total }) => told.push(done / total),
    });
    assert.ok(told.length > found.layers && told.every((part, i) => part >= (told[i - 1] ?? 0)));
    assert.equal(told.at(-1), 1);
    assert.deepEqual([found.layers, found.leftOut], [16, []]);
    assert(found.kept > 0.999999, `${found.kept}`);
    await convertModel(base, again, { loras: [{ file: path }] });
    const [expected, result] = await Promise.all([tuned, again].map((file) => openCheckpoint(file, { stem })));
    for (const key of expected!.tensors.keys()) {
      assertClose(await result!.read(key), await expected!.read(key), 1e-5, key);
    }
    const less = await extractLora({ base, tuned, path }, { rank: 1, force: true });
    assert(less.kept > 0.1 && less.kept < 0.9, `${less.kept}`);
  });
});

Deno.test("extractLora() says what a LoRA cannot hold, and refuses what has nothing in common", async () => {
  await inTempFolder(async (folder) => {
    const path = join(folder, "lora.safetensors");
    const tuned = join(folder, "tuned.safetensors");
    await convertModel(base, tuned);
    const same = extractLora({ base, tuned, path }, { rank: 2 });
    await assert.rejects(same, { name: "ConfigError", message: /linear layers .* but nothing differs/ });
    await assert.rejects(extractLora({ base, tuned: vqgan, path }, { rank: 2 }), CheckpointError);
    for (const rank of [0, 1.5, 5000]) await assert.rejects(extractLora({ base, tuned, path }, { rank }), ConfigError);
    const file = await Deno.readFile(tuned);
    const { start } = (await openCheckpoint(tuned, { stem })).tensors.get("projection.bias")!;
    file[start]! ^= 1;
    await Deno.writeFile(tuned, file);
    const bias = extractLora({ base, tuned, path }, { rank: 2 });
    await assert.rejects(bias, /only "prior: projection\.bias" differ/);
  });
});
