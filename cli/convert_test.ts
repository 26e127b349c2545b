import assert from "node:assert/strict";
import { join } from "node:path";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { openCheckpoint } from "../weights/checkpoint.ts";

const vqgan = join(tinyModel, "wuerstchen", "vqgan");

async function convert(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, "convert", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("--dtype may be said for all and for single networks; -q prints paths and no progress", () =>
  inTempFolder(async (folder) => {
    const [mixed, quiet] = [join(folder, "mixed"), join(folder, "vqgan.safetensors")];
    const [whole, one, wrong] = await Promise.all([
      convert(join(tinyModel, "wuerstchen"), "-o", mixed, "--dtype", "fp16", "--dtype", "vqgan=fp32", "--json"),
      convert(vqgan, "-o", quiet, "-q"),
      convert(vqgan, "-o", join(folder, "x"), "--dtype", "vqgan=fp17"),
    ]);
    assert.equal(whole.code, 0, whole.err);
    assert.match(whole.err, /^convert: done in [\d.]+ s\n$/);
    const networks: { kind: string; path: string }[] = JSON.parse(whole.out).networks;
    for (const { kind, path } of networks) {
      const stem = kind === "text_encoder" ? "model" : "diffusion_pytorch_model";
      const tensors = [...(await openCheckpoint(path, { stem })).tensors.values()];
      const floats = tensors.map(({ dtype }) => dtype).filter((dtype) => /float/.test(dtype));
      assert.deepEqual(new Set(floats), new Set([kind === "vqgan" ? "float32" : "float16"]));
    }
    assert.deepEqual(one, { code: 0, out: `${quiet}\n`, err: "" });
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.err,
      /Expected a type of weights out of fp32, fp16, bf16 but found "fp17"/,
    );
  }));
