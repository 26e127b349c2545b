/** The tiny model of the fixtures with a compressor beside it, as training writes a model. */
import { join } from "node:path";
import { smallCompressor, smallCompressorConfig, smallCompressorStride } from "../networks/small_compressor.ts";
import { input, traceScopes } from "../onnx/mod.ts";
import { initialise, plainInit } from "../train/initialise.ts";
import { writeSafetensors } from "../weights/safetensors_writer.ts";
import { copyTinyModel } from "./tiny_model.ts";

/**
 * Writes `folder/prior`, `folder/decoder` and `folder/compressor`; the compressor is random and has 32 pixels a cell.
 *
 * @param options.config changes of its `config.json`, which its weights follow
 */
export async function copyCompressorModel(
  folder: string,
  { config = {} }: { config?: Readonly<Record<string, unknown>> } = {},
): Promise<{ prior: string; decoder: string; compressor: string }> {
  const repositories = await copyTinyModel(folder);
  const compressor = join(folder, "compressor");
  const sizes = smallCompressorConfig.parse({
    patch_size: 8,
    c_hidden: [8, 8, 16],
    blocks: [1, 1, 1],
    ...config,
  });
  const stride = smallCompressorStride(sizes);
  const { parameters } = traceScopes(() =>
    smallCompressor(sizes, input("x", "float32", [1, sizes.in_channels, stride, stride]))
  );
  await Deno.mkdir(compressor);
  await Deno.writeTextFile(join(compressor, "config.json"), JSON.stringify(sizes));
  const weights = initialise(parameters, { values: plainInit, seed: 1 });
  await writeSafetensors(join(compressor, "diffusion_pytorch_model.safetensors"), weights);
  return { ...repositories, compressor };
}
