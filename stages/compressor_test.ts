import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { smallCompressor, smallCompressorConfig } from "../networks/small_compressor.ts";
import { input, traceScopes } from "../onnx/mod.ts";
import { nativeRuntime } from "../runtime/session.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { waves, waveWeights } from "../tests/wave_weights.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { CompressorStage } from "./compressor.ts";

const config = smallCompressorConfig.parse({ c_latent: 5, patch_size: 2, c_hidden: [4, 8], blocks: [1, 1] });
const { parameters } = traceScopes(() => smallCompressor(config, input("x", "float32", [1, 3, 4, 4])));
const stem = "diffusion_pytorch_model";

async function open(folder: string, weights = waveWeights(parameters)): Promise<CompressorStage> {
  await writeSafetensors(join(folder, `${stem}.safetensors`), weights, { force: true });
  return new CompressorStage(config, await openCheckpoint(folder, { stem }), { threads: 1, runtime: nativeRuntime });
}

Deno.test("embed() has the cells that it was loaded for, whatever the size of the pictures", async () => {
  await inTempFolder(async (folder) => {
    const stage = await open(folder);
    for (const [height, width] of [[8, 12], [31, 17]] as const) {
      await stage.network.load({ height, width, cells: { height: 2, width: 3 } });
      const embedding = await stage.embed(waves([2, 3, height, width]));
      assert.deepEqual(embedding.shape, [2, 5, 2, 3]);
      assert.ok(embedding.data.every(Number.isFinite));
    }
    await stage.network.release();
  });
});

Deno.test("a compressor whose checkpoint does not fit its configuration is refused when it is opened", async () => {
  await inTempFolder(async (folder) => {
    const { "mapper.weight": _, ...rest } = waveWeights(parameters);
    await assert.rejects(
      () => open(folder, rest),
      (error) => error instanceof CheckpointError && /missing tensors: "mapper\.weight"/.test(error.message),
    );
  });
});
