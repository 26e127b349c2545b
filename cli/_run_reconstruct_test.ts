import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/codec.ts";
import { encodePng } from "../images/png_encode.ts";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { commandLine } from "../tests/command_line.ts";
import { copyCompressorModel } from "../tests/compressor_model.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";
import { formatKept } from "./_run_reconstruct.ts";

async function command(name: string, args: readonly string[], { cwd }: { cwd: string }) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, name, ...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, bytes: stdout, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Red with a hole in the middle, 40 × 20. */
function drawing(): Uint8Array {
  const data = new Uint8Array(40 * 20 * 4);
  for (let i = 0; i < 40 * 20; i++) {
    const x = i % 40;
    data.set(x >= 15 && x < 25 ? [9, 9, 9, 0] : [255, 0, 0, 255], 4 * i);
  }
  return encodePng({ width: 40, height: 20, channels: 4, data });
}

const size = ["-W", "128", "-H", "64", "--decoder-steps", "1"];

Deno.test("reconstruct writes the original, Stage A's and the whole model's picture side by side", async () => {
  await inTempFolder(async (cwd) => {
    await copyCompressorModel(join(cwd, "model"));
    await Deno.writeFile(join(cwd, "fox.png"), drawing());
    const { code, out, err } = await command("reconstruct", ["fox.png", "--model", "model", ...size], { cwd });
    assert.equal(code, 0, err);
    const [path, ...lines] = out.trimEnd().split("\n");
    assert.equal(path, "fox-reconstructed-0.png");
    assert.match(lines.join("\n"), /^Stage A keeps +-?[\d.]+ dB\ncompressor, Stage B and Stage A keep +-?[\d.]+ dB$/);

    const bytes = await Deno.readFile(join(cwd, path));
    const { width, height, data } = await decodeImage(bytes);
    assert.deepEqual([width, height], [3 * 128, 64]);
    const pixel = (x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
    assert.deepEqual(pixel(5, 5), [255, 0, 0]);
    // Transparent pixels lie on white.
    assert.deepEqual(pixel(64, 32), [255, 255, 255]);
    const { reconstruction } = readPictureMetadata(bytes);
    assert.match(lines[0]!, new RegExp(`${reconstruction!.autoencoded!.toFixed(2)} dB$`));

    const info = await command("info", [path], { cwd });
    assert.match(info.out, /^kept by Stage A +-?[\d.]+ dB$/m);
    assert.doesNotMatch(info.out, /paint it again/);
  });
});

Deno.test("reconstruct --json prints PSNR and settings, and -o - pipes the picture", async () => {
  await inTempFolder(async (cwd) => {
    await copyCompressorModel(join(cwd, "model"));
    await Deno.writeFile(join(cwd, "fox.png"), drawing());
    const args = ["fox.png", "--model", "model", ...size];
    const [json, piped] = await Promise.all([
      command("reconstruct", [...args, "--json", "-o", "kept.webp", "-s", "5"], { cwd }),
      command("reconstruct", [...args, "-o", "-", "-q"], { cwd }),
    ]);
    const { path, psnr, seed, plan, options } = JSON.parse(json.out);
    assert.equal(path, "kept.webp");
    assert.ok(Number.isFinite(psnr.autoencoded) && Number.isFinite(psnr.reconstructed));
    assert.deepEqual([seed, plan.image, options.decoderSteps], [5, { height: 64, width: 128 }, 1]);
    assert.equal((await decodeImage(piped.bytes)).width, 3 * 128);
    assert.equal(piped.err, "");
  });
});

Deno.test("reconstruct explains in one line what it cannot do", async () => {
  await inTempFolder(async (cwd) => {
    await copyCompressorModel(join(cwd, "model"));
    await Deno.writeFile(join(cwd, "fox.png"), drawing());
    await Deno.writeFile(join(cwd, "broken.png"), drawing().subarray(0, 60));
    const cases: [args: string[], code: number, message: RegExp][] = [
      [["fox.png", "--model", tinyModel, ...size], 3, /Expected a compressor.*published Würstchen v2 repositories/],
      [["broken.png", "--model", "model", ...size], 3, /^error: broken\.png: /],
      [["none.png", "--model", "model"], 3, /none\.png: there is no such file/],
      [["fox.png", "--model", "model", "-W", "8"], 2, /Expected width to be an integer from 64/],
      [["fox.png", "--json", "-o", "-"], 2, /Expected a file name for --output with --json/],
      [["fox.png", "-o", "fox.png"], 2, /it exists, use --force/],
    ];
    for (const [args, code, message] of cases) {
      const result = await command("reconstruct", args, { cwd });
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
      assert.equal(result.err.trimEnd().split("\n").length, 1, result.err);
    }
  });
});

Deno.test("formatKept() aligns both numbers", () => {
  assert.equal(
    formatKept({ autoencoded: 32.1, reconstructed: Infinity }),
    "Stage A keeps                         32.10 dB\ncompressor, Stage B and Stage A keep  everything\n",
  );
});
