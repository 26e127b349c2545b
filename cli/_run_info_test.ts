import assert from "node:assert/strict";
import { join } from "node:path";
import { CheckpointError } from "../errors.ts";
import { encodePng } from "../images/png_encode.ts";
import { writeMetadata } from "../images/metadata.ts";
import { type PictureFile, readPicture } from "./_picture_file.ts";
import { formatInfo } from "./_run_info.ts";

const png = encodePng({ width: 2, height: 1, channels: 3, data: new Uint8Array(6) });
const header = { path: "a.png", format: "png", width: 2, height: 1, size: 90 } as const;

async function withPicture(bytes: Uint8Array, test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "picture.png");
    await Deno.writeFile(path, bytes);
    await test(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const picture: PictureFile = {
  ...header,
  parameters: "a dog",
  metadata: {
    version: "0.1.0",
    runtime: "1.30.0",
    threads: 2,
    index: 1,
    model: { name: "emoji", weights: { prior: "aa" } },
    options: {
      prompt: "a\ndog \u001b[31m",
      negativePrompt: "",
      width: 2,
      height: 1,
      seed: [7, 8],
      imagesPerPrompt: 2,
      priorSteps: 2,
      priorGuidance: 2.5,
      priorTimesteps: [1, 0.5, 0],
      decoderSteps: 1,
      decoderGuidance: 0,
      rng: "torch",
    },
  },
};

Deno.test("formatInfo() lists the settings, one a line, without characters that a terminal obeys", () => {
  assert.deepEqual(formatInfo(picture).split("\n"), [
    "a.png: PNG, 2×1 px, 90 bytes",
    "prompt               a dog \\u{1b}[31m",
    "seed                 7 | 8",
    "size                 2×1 px",
    "pictures per prompt  2, this is number 1",
    "Stage C              2 steps, guidance 2.5",
    "Stage C timesteps    1 | 0.5 | 0",
    "Stage B              1 steps, guidance 0",
    "generator            torch",
    "model                emoji",
    "  prior              aa",
    "painted by           wuerstchen 0.1.0, ONNX Runtime 1.30.0, 2 threads",
    "paint it again with: wuerstchen generate -C a.png",
    "",
  ]);
});

Deno.test("formatInfo() shows the text of another program, or says that there is none", () => {
  assert.equal(
    formatInfo({ ...header, parameters: "a cat\nSteps: 20" }),
    "a.png: PNG, 2×1 px, 90 bytes\npainted by another program:\na cat\nSteps: 20\n",
  );
  assert.equal(formatInfo(header), "a.png: PNG, 2×1 px, 90 bytes\nit does not say how it was painted\n");
});

Deno.test("readPicture() reads size and metadata", () => {
  const wuerstchen = JSON.stringify(picture.metadata);
  return withPicture(writeMetadata(png, "png", { parameters: "a dog", wuerstchen }), async (path) => {
    const { size } = await Deno.stat(path);
    assert.deepEqual(await readPicture(path), { ...picture, path, size });
  });
});

Deno.test("readPicture() names the file in every error", async () => {
  const refuse = (path: string) =>
    assert.rejects(readPicture(path), (error: Error) => {
      assert.ok(error instanceof CheckpointError, String(error));
      assert.ok(error.message.startsWith(`${path}: `), error.message);
      return true;
    });
  await refuse(join(import.meta.dirname!, "no-such-file.png"));
  await refuse(import.meta.dirname!);
  await withPicture(new Uint8Array(), refuse);
  await withPicture(png.subarray(0, png.length - 5), refuse);
  await withPicture(new TextEncoder().encode("no picture"), refuse);
  await withPicture(writeMetadata(png, "png", { parameters: "x", wuerstchen: '{"version":1}' }), refuse);
});

Deno.test("readPicture() refuses a huge file unread", () =>
  withPicture(png, async (path) => {
    // A hole: it takes no room on the disk.
    await Deno.truncate(path, 2 ** 40);
    await assert.rejects(readPicture(path), /at most 268435456 bytes but found 1099511627776/);
  }));

Deno.test("the command that paints a picture again can be pasted, whatever the picture is called", () => {
  const hint = (path: string) => formatInfo({ ...picture, path }).trimEnd().split("\n").at(-1);
  const again = "paint it again with: wuerstchen generate -C ";
  assert.equal(hint("my apple.png"), `${again}"my apple.png"`);
  assert.equal(hint("$(rm x).png"), `${again}'$(rm x).png'`);
  assert.equal(hint("-7.png"), `${again}./-7.png`);
  const [first] = formatInfo({ ...picture, path: "a\u001b[2J.png" }).split("\n");
  assert.equal(first, "a\\u{1b}[2J.png: PNG, 2×1 px, 90 bytes");
});
