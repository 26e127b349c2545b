import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import type { LoadOptions } from "./load_options.ts";
import { loadPipeline } from "./pipeline.ts";
import { quantizeModel } from "./quantize_model.ts";
import { verifyModel } from "./verify_model.ts";

const fixtures = fileURLToPath(new URL("../tests/fixtures/wuerstchen/repo", import.meta.url));
const sampling = { priorSteps: 2, decoderSteps: 1 };

async function paint(model: string, options: LoadOptions = {}): Promise<Uint8Array> {
  await using pipeline = await loadPipeline(model, { threads: 1, hashWeights: false, ...options });
  const { images, model: identity } = await pipeline.generate({ prompt: "a red apple", seed: 7, ...sampling });
  assert.equal(identity.precision, "int8");
  return images[0]!.data;
}

Deno.test("a model that is written in int8 paints what it paints in int8 on the way, and says so", () =>
  inTempFolder(async (folder) => {
    const written = join(folder, "written");
    const shares: number[] = [];
    const networks = await quantizeModel("emoji", written, {
      precision: "int8",
      threads: 1,
      onProgress: ({ done, total }) => void shares.push(done / total),
    });
    assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
    assert.ok(shares.length > 20 && shares[0]! < 0.5 && Math.abs(shares.at(-1)! - 1) < 1e-6, `${shares}`);
    assert.deepEqual(networks.map(({ network, precision }) => [network, precision]), [
      ["prior", "int8"],
      ["prior_text_encoder", "int8"],
      ["decoder", "int8"],
      ["decoder_text_encoder", "int8"],
      ["vqgan", "int8"],
    ]);
    const onTheWay = await paint("emoji", { precision: "int8", cacheFolder: join(folder, "cache") });
    assert.deepEqual(await paint(written), onTheWay);
    await assert.rejects(() => quantizeModel("emoji", written, { precision: "int8" }), { name: "ConfigError" });
    await assert.rejects(() => verifyModel(written, { precision: "int8", prompts: ["a fox"], seed: 1, sampling }), {
      name: "CheckpointError",
      message: /its weights were written in int8, there is nothing to compare them with/,
    });
  }));

Deno.test("writing in fewer bits stops between two layers and leaves nothing", () =>
  inTempFolder(async (folder) => {
    for (const share of [0.1, 0.6]) {
      const stop = new AbortController();
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        if (done > share * total) stop.abort(new Error("enough"));
      };
      const written = join(folder, "written");
      await assert.rejects(
        () => quantizeModel("emoji", written, { precision: "int8", threads: 1, onProgress, signal: stop.signal }),
        { message: "enough" },
      );
      assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
    }
  }));

Deno.test("the bundled model in int8 paints nearly the same, and no layer is off by a tenth", () =>
  inTempFolder(async (cacheFolder) => {
    const load = { threads: 1, cacheFolder };
    const { networks, pictures } = await verifyModel("emoji", {
      precision: { prior: "int8", decoder: "int8", vqgan: "int8" },
      prompts: ["a red apple on a blue background"],
      seed: 1,
      sampling,
      load,
    });
    // So few steps are long ones, which make more of an error than the usual number.
    assert(pictures[0]!.psnr >= 20 && pictures[0]!.psnr < 80, `${pictures[0]!.psnr} dB`);
    const layers = networks.flatMap(({ layers }) => layers);
    assert(layers.length > 100, `${layers.length} layers`);
    for (const { layer, error } of layers) assert(error > 0 && error < 0.1, `${layer}: ${error}`);
    const full = networks.filter(({ precision }) => precision === "fp32");
    assert.deepEqual(full.map(({ network, layers }) => [network, layers.length]), [
      ["prior_text_encoder", 0],
      ["decoder_text_encoder", 0],
    ]);
  }));

Deno.test("a model without wide layers cannot be written in int8, and loads as it is, with a warning", () =>
  inTempFolder(async (folder) => {
    const model = join(folder, "model");
    await Deno.mkdir(model);
    for (const name of ["wuerstchen", "wuerstchen-prior"]) await Deno.symlink(join(fixtures, name), join(model, name));
    await assert.rejects(
      () => quantizeModel(model, join(folder, "out"), { precision: { vqgan: "int8" } }),
      { name: "CheckpointError", message: /there is nothing to keep in fewer bits: no linear layer has 48 channels/ },
    );
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["model"]);
    await using pipeline = await loadPipeline(model, {
      threads: 1,
      hashWeights: false,
      cacheFolder: folder,
      precision: { vqgan: "int8" },
    });
    const { network } = pipeline.parts.decoder.autoencoder;
    await network.load({ height: 2, width: 2 });
    await network.release();
    assert.match(network.takeWarnings().join(), /nothing is kept in int8: no layer is wide enough for it/);
  }));
