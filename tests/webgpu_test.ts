/**
 * WebGPU without a graphics card: SwiftShader, which Chromium brings, computes Vulkan on the processor. It takes minutes for large graphs,
 * so that pictures here are small and steps few.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { psnr } from "../images/psnr.ts";
import { decodePng } from "../images/png_decode.ts";
import { commandLine } from "./command_line.ts";
import { inTempFolder } from "./in_temp_folder.ts";
import { tinyModel } from "./tiny_model.ts";

const places = ["/usr/lib/chromium/vk_swiftshader_icd.json", "/usr/lib/chromium-browser/vk_swiftshader_icd.json"];

/** Manifest of SwiftShader's driver: what `SWIFTSHADER_ICD` names, or where Debian's Chromium keeps it. */
const driver = [Deno.env.get("SWIFTSHADER_ICD") ?? "", ...places].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

function webgpuTest(name: string, fn: () => Promise<void>): void {
  const isThere = driver !== undefined && Deno.build.os === "linux";
  const skipped =
    " (skipped: no SwiftShader found: install chromium, or name its vk_swiftshader_icd.json in SWIFTSHADER_ICD)";
  Deno.test({ name: isThere ? name : `${name}${skipped}`, ignore: !isThere, fn });
}

/** Runs the command line with that driver. */
async function run(args: readonly string[]): Promise<{ code: number; err: string }> {
  const [command, ...first] = commandLine();
  const { code, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    // Chromium brings Vulkan's loader too.
    env: { VK_ICD_FILENAMES: driver!, LD_LIBRARY_PATH: dirname(driver!) },
    stdout: "null",
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

/** Paints the same picture on the processor and by WebGPU, and compares them: decibels. */
async function compare(args: readonly string[]): Promise<{ decibels: number; err: string }> {
  let decibels = 0;
  let said = "";
  await inTempFolder(async (folder) => {
    const pictures = [];
    for (const device of ["cpu", "webgpu"]) {
      const path = join(folder, `${device}.png`);
      const { code, err } = await run([
        "generate",
        "a red apple",
        "--seed",
        "7",
        ...args,
        "--device",
        device,
        "-o",
        path,
      ]);
      assert.equal(code, 0, err);
      pictures.push(decodePng(await Deno.readFile(path)));
      said = err;
    }
    decibels = psnr(pictures[0]!.data, pictures[1]!.data, { peak: 255 });
  });
  return { decibels, err: said };
}

webgpuTest("the tiny networks paint by WebGPU what they paint on the processor", async () => {
  const size = ["-W", "64", "-H", "64", "--prior-steps", "1", "--prior-guidance", "1", "--decoder-steps", "1"];
  const { decibels, err } = await compare(["--model", tinyModel, ...size]);
  assert.ok(decibels > 40, `${decibels} dB`);
  // Numbers of tokens are whole, and ONNX Runtime counts with those on the processor.
  assert.match(err, /some of its operators run on the processor: ONNX Runtime has no code for them on webgpu/);
});

webgpuTest("the bundled model paints by WebGPU what it paints on the processor", async () => {
  const { decibels } = await compare(["--prior-steps", "2", "--decoder-steps", "1"]);
  assert.ok(decibels > 40, `${decibels} dB`);
});
