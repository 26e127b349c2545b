import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import { CheckpointError } from "../../errors.ts";
import { encodeImage } from "../../images/codec.ts";
import { concat } from "../../images/concat.ts";
import { pngChunk, pngSignature } from "../../images/png_chunks.ts";
import { checkPicture, decodePicture, isPictureName } from "./picture.ts";
import { npyFile, plainPng } from "./_test_files.ts";

function greyPng16(values: readonly number[]): Uint8Array {
  const header = Uint8Array.of(0, 0, 0, values.length, 0, 0, 0, 1, 16, 0, 0, 0, 0);
  const row = Uint8Array.from([0, ...values.flatMap((value) => [value >> 8, value & 255])]);
  return concat([
    pngSignature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(row)),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

Deno.test("decodePicture() keeps the channels and the depth of a file", async () => {
  const kinds = async (bytes: Uint8Array) => {
    const { width, height, channels, depth } = await decodePicture(bytes);
    return [width, height, channels, depth];
  };
  assert.deepEqual(await kinds(plainPng(3, 2)), [3, 2, 3, 8]);
  assert.deepEqual(await kinds(plainPng(3, 2, { colour: [9] })), [3, 2, 1, 8]);
  assert.deepEqual(await kinds(plainPng(3, 2, { colour: [9, 8, 7, 6] })), [3, 2, 4, 8]);
  assert.deepEqual(await kinds(greyPng16([1, 2])), [2, 1, 1, 16]);
  assert.deepEqual(await kinds(npyFile("<u2", [2, 3, 13], new Uint8Array(156))), [3, 2, 13, 16]);
  const pixels = { width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(99) } as const;
  assert.deepEqual(await kinds(await encodeImage(pixels, { format: "webp" })), [8, 8, 3, 8]);
  assert.deepEqual((await decodePicture(greyPng16([1, 65535]))).data, Uint16Array.of(1, 65535));
});

Deno.test("a grey JPEG has one channel, a coloured one three", async () => {
  // 8×8 px of value 128: one component, one table of each kind, one block whose DC is 0.
  const grey = Uint8Array.fromHex(
    "ffd8" + "ffdb004300" + "01".repeat(64) + "ffc0000b080008000801011100" +
      "ffc40014000100000000000000000000000000000000" + "ffc40014100100000000000000000000000000000000" +
      "ffda0008010100003f003fffd9",
  );
  const { channels, data } = await decodePicture(grey);
  assert.equal(channels, 1);
  assert.deepEqual(data, new Uint8Array(64).fill(128));
  const pixels = { width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(99) } as const;
  assert.equal((await decodePicture(await encodeImage(pixels, { format: "jpg" }))).channels, 3);
});

Deno.test("checkPicture() finds truncation without decoding", () => {
  const good = plainPng(20, 30);
  assert.deepEqual(checkPicture(good), { width: 20, height: 30 });
  assert.throws(() => checkPicture(good.slice(0, -20)), CheckpointError);
  assert.throws(() => checkPicture(new Uint8Array()), /it is empty/);
});

Deno.test("isPictureName() goes by the ending, whatever its case", () => {
  assert.ok(isPictureName("a/B.PNG") && isPictureName("x.jpeg") && isPictureName("x.npy"));
  assert.ok(!isPictureName("x.gif") && !isPictureName("png"));
});
