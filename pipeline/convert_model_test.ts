import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { t5Config } from "../networks/t5_encoder.ts";
import { loraFile } from "../tests/lora_fixture.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { copyTinyModel, quick, tinyModel } from "../tests/tiny_model.ts";
import { tensorBytes } from "../tensor/tensor.ts";
import { openCheckpoint, openRawCheckpoint } from "../weights/checkpoint.ts";
import type { WeightsName } from "../weights/find_checkpoint.ts";
import { openSafetensors } from "../weights/safetensors.ts";
import { convertModel } from "./convert_model.ts";
import type { LoadOptions } from "./load_options.ts";
import { loadPipeline } from "./pipeline.ts";

const checkpoints = new URL("../tests/fixtures/checkpoints/", import.meta.url).pathname;
const t5 = new URL("../tests/fixtures/t5/v1_1", import.meta.url).pathname;
const stem = "diffusion_pytorch_model";

/** The bytes of every tensor. */
async function contents(
  path: string,
  { raw = false, stem = "diffusion_pytorch_model" }: { raw?: boolean; stem?: WeightsName["stem"] } = {},
): Promise<Record<string, string>> {
  const { tensors, read } = await (raw ? openRawCheckpoint : openCheckpoint)(path, { stem });
  const entries = await Promise.all(
    [...tensors.keys()].sort().map(async (key) => {
      const value = await read(key);
      return [key, `${value.dtype} [${value.shape}] ${tensorBytes(value).toHex()}`] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** Pixels of a picture of a model. */
async function paint(model: string, options: LoadOptions = {}): Promise<Uint8Array> {
  await using pipeline = await loadPipeline(model, { hashWeights: false, ...options });
  const { images } = await pipeline.generate({
    prompt: "a red apple",
    seed: 3,
    ...quick,
    priorSteps: 1,
    decoderSteps: 1,
  });
  return images[0]!.data as Uint8Array;
}

Deno.test("original files become what diffusers has, and back to what they were, bit for bit", async () => {
  await inTempFolder(async (folder) => {
    for (
      const [file, config] of [
        ["stage_c_prior.pt", "wuerstchen-prior/prior"],
        ["stage_a_vqgan.pt", "wuerstchen/vqgan"],
      ] as const
    ) {
      const [there, back] = [join(folder, `${file}.safetensors`), join(folder, `${file}.back.safetensors`)];
      await convertModel(`${checkpoints}${file}`, there, { config: `${tinyModel}/${config}/config.json` });
      assert.deepEqual(await contents(there, { raw: true }), await contents(`${tinyModel}/${config}`));
      // The sizes are in the header now.
      await convertModel(there, back, { keys: "original" });
      assert.deepEqual(await contents(back, { raw: true }), await contents(`${checkpoints}${file}`, { raw: true }));
      const { metadata } = await openSafetensors(back);
      assert.equal(JSON.parse(metadata["provenance"]!).from, `${file}.safetensors`);
    }
  });
});

Deno.test("a T5 text encoder becomes one file, whose header has its sizes, and a folder again", async () => {
  await inTempFolder(async (folder) => {
    const [file, back] = [join(folder, "t5.safetensors"), join(folder, "back")];
    const [written] = await convertModel(t5, file);
    assert.equal(written!.kind, "text_encoder");
    await convertModel(file, back);
    assert.deepEqual(await contents(back, { stem: "model" }), await contents(t5, { stem: "model" }));
    const read = async (path: string) => t5Config.parse(JSON.parse(await Deno.readTextFile(join(path, "config.json"))));
    assert.deepEqual(await read(back), await read(t5));
  });
});

Deno.test("fp16 is what torch rounds to", async () => {
  await inTempFolder(async (folder) => {
    const path = join(folder, "half.safetensors");
    await convertModel(`${tinyModel}/wuerstchen-prior/prior`, path, { dtype: "float16", keys: "original" });
    const expected = await contents(`${checkpoints}stage_c_prior.fp16.safetensors`, { raw: true });
    assert.deepEqual(await contents(path, { raw: true }), expected);
  });
});

Deno.test("a model converted to shards paints the same picture, and its bf16 copy says which type it has", async () => {
  await inTempFolder(async (folder) => {
    const own = join(folder, "own");
    await copyTinyModel(own);
    const [sharded, half] = [join(folder, "sharded"), join(folder, "half")];
    const networks = await convertModel(own, sharded, { shardBytes: 100_000 });
    assert.deepEqual(networks.map(({ kind }) => kind).sort(), [
      "decoder",
      "prior",
      "text_encoder",
      "text_encoder",
      "vqgan",
    ]);
    const names = await Array.fromAsync(Deno.readDir(join(sharded, "prior", "prior")));
    assert(names.some(({ name }) => name === `${stem}.safetensors.index.json`));
    const picture = await paint(own);
    assert.deepEqual(await paint(sharded), picture);
    await convertModel(sharded, half, { dtype: "bfloat16" });
    const { tensors } = await openCheckpoint(join(half, "prior", "prior"), { stem });
    assert([...tensors.values()].every(({ dtype }) => dtype === "bfloat16"));
  });
});

Deno.test("each network of a model gets the type that is said of it, and its header says which", async () => {
  await inTempFolder(async (folder) => {
    const output = join(folder, "mixed");
    const dtype = { all: "float16", vqgan: "float32", prior_text_encoder: "bfloat16" } as const;
    await copyTinyModel(join(folder, "own"));
    await convertModel(join(folder, "own"), output, { dtype });
    const expected = {
      "prior/prior": "float16",
      "prior/text_encoder": "bfloat16",
      "decoder/decoder": "float16",
      "decoder/text_encoder": "float16",
      "decoder/vqgan": "float32",
    };
    for (const [place, type] of Object.entries(expected)) {
      const stem = place.endsWith("text_encoder") ? "model" : "diffusion_pytorch_model";
      const { tensors, metadata } = await openCheckpoint(join(output, place), { stem });
      const floats = [...tensors.values()].filter(({ dtype }) => /float/.test(dtype));
      assert.deepEqual(new Set(floats.map(({ dtype }) => dtype)), new Set([type]), place);
      assert.equal(JSON.parse(metadata["provenance"]!).dtype, type);
    }
    await paint(output);
    const none = convertModel(`${tinyModel}/wuerstchen/vqgan`, join(folder, "x"), { dtype: { decoder: "float16" } });
    await assert.rejects(none, {
      name: "ConfigError",
      message: /^Expected a type for vqgan, as .* but found one for decoder$/,
    });
  });
});

Deno.test("convertModel() tells how far it is, and leaves nothing where it is stopped", async () => {
  await inTempFolder(async (folder) => {
    await copyTinyModel(join(folder, "own"));
    const told: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }) => void told.push(done / total);
    await convertModel(join(folder, "own"), join(folder, "whole"), { onProgress, shardBytes: 100_000 });
    assert.ok(told.length > 100 && told.every((part, i) => part >= (told[i - 1] ?? 0)));
    assert.equal(told.at(-1), 1);

    const controller = new AbortController();
    const stopped = convertModel(join(folder, "own"), join(folder, "half"), {
      onProgress: ({ done, total }) => done > total / 2 && controller.abort(new Error("stop")),
      signal: controller.signal,
    });
    await assert.rejects(stopped, /^Error: stop$/);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assert.deepEqual(names, ["own", "whole"]);
  });
});

Deno.test("a LoRA that is merged paints what it paints when it is added at run time", async () => {
  await inTempFolder(async (folder) => {
    const own = join(folder, "own");
    await copyTinyModel(own);
    const loras = [
      { file: loraFile("everything/pytorch_lora_weights.safetensors"), scale: 0.5 },
      { file: loraFile("plain/pytorch_lora_weights.safetensors"), scale: -1 },
    ];
    const networks = await convertModel(own, join(folder, "merged"), { loras });
    const changed = networks.filter((network) => network.changed > 0);
    assert.deepEqual(changed.map(({ kind }) => kind).sort(), ["prior", "text_encoder"]);
    const [merged, added] = await Promise.all([paint(join(folder, "merged")), paint(own, { loras })]);
    const off = merged.map((value, i) => Math.abs(value - added[i]!));
    assert(Math.max(...off) <= 1, `${Math.max(...off)}`);
    assert.notDeepEqual(added, await paint(own));
  });
});

Deno.test("convertModel() replaces no folder, leaves none half written, and names what does not fit", async () => {
  await inTempFolder(async (folder) => {
    const output = join(folder, "out");
    const vqgan = `${tinyModel}/wuerstchen/vqgan`;
    await convertModel(vqgan, output);
    assert.deepEqual(await contents(output), await contents(vqgan));
    const refuses = (work: Promise<unknown>, message: RegExp) => assert.rejects(work, message);
    await assert.rejects(convertModel(vqgan, output, { force: true }), ConfigError);
    const other = join(folder, "other");
    await refuses(convertModel(vqgan, other, { keys: "original" }), /Expected a \.safetensors file for the original/);
    await refuses(convertModel(tinyModel, `${other}.safetensors`), /Expected a folder for the \d+ networks/);
    await refuses(convertModel(join(folder, "no"), other), /there is no such folder or file$/);
    await refuses(
      convertModel("org/none", other),
      /no such folder or file; .* a folder that wuerstchen pull org\/none prints$/,
    );
    await refuses(convertModel(`${checkpoints}malicious.pt`, other), /names the Python object "io\.open"/);
    await refuses(convertModel(`${checkpoints}views.pt`, other), /those of no network that is known: "base"/);
    await refuses(
      convertModel(`${checkpoints}cascade_stage_b_lite_bf16.safetensors`, other),
      /the weights of Stable Cascade's Stage B, which is not supported/,
    );
    const loras = [{ file: loraFile("plain/pytorch_lora_weights.safetensors") }];
    await refuses(convertModel(vqgan, other, { loras }), /keys that match nothing of this model/);
    await refuses(convertModel(vqgan, join(folder, "a", "b")), /there is no folder/);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    assert.deepEqual(names, ["out"]);
  });
});

Deno.test("a file with a tensor too many or too few is refused by its names", async () => {
  await inTempFolder(async (folder) => {
    const path = join(folder, "x.safetensors");
    await convertModel(`${tinyModel}/wuerstchen/vqgan`, path);
    const bytes = await Deno.readFile(path);
    const text = new TextDecoder("latin1").decode(bytes);
    bytes[text.indexOf("up_blocks.2.gammas") + 12] = 0x47;
    await Deno.writeFile(path, bytes);
    await assert.rejects(convertModel(path, join(folder, "y.safetensors")), /missing tensors: "up_blocks\.2\.gammas"/);
  });
});
