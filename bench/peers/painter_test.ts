import assert from "node:assert/strict";
import { join } from "node:path";
import { decodePng } from "../../images/png_decode.ts";
import { encodePng } from "../../images/png_encode.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { oursAs, paint, painterRows } from "./painter.ts";

const picture = {
  model: "emoji",
  prompt: "a red apple",
  seed: 7,
  side: 128,
  steps: { prior: 1, decoder: 1 },
  guidance: { prior: 1, decoder: 0 },
  threads: 1,
};

Deno.test("the command line paints what it is told, watched from outside", () =>
  inTempFolder(async (folder) => {
    const output = join(folder, "picture.png");
    const { seconds, memory } = await paint(oursAs("here"), { ...picture, output });
    assert.equal(decodePng(await Deno.readFile(output)).width, 128);
    assert.ok(seconds > 0);
    if (Deno.build.os === "linux") assert.ok(memory!.peak > 50e6);
    const missing = { ...picture, model: "./missing", output };
    await assert.rejects(paint(oursAs("here"), missing), { message: /^here: .*missing/ });
  }));

Deno.test("painterRows() holds peaks against those of diffusers, and pictures against the first", () =>
  inTempFolder(async (folder) => {
    const painters = await Promise.all([["fp32", 10, 4], ["diffusers", 13, 16]].map(async ([name, gray, peak]) => {
      const output = join(folder, `${name}.png`);
      const data = new Uint8Array(3).fill(gray as number);
      await Deno.writeFile(output, encodePng({ width: 1, height: 1, channels: 3, data }));
      const memory = { peak: 1e9 * (peak as number), anonymous: 1e9, file: 2e9 };
      return { name: name as string, output, runs: [2, 3, 7].map((seconds) => ({ seconds, memory })) };
    }));
    const [head, ...rows] = (await painterRows("a picture", painters)).map((line) => line.split(/ {2,}/));
    assert.deepEqual(head, ["a picture", "seconds", "ratio", "peak MB", "share", "own MB", "file MB", "off by"]);
    assert.deepEqual(rows, [
      ["fp32", "3.00", "1.00", "4000", "0.250", "1000", "2000", "0 of 255"],
      ["diffusers", "3.00", "1.00", "16000", "1.000", "1000", "2000", "3 of 255"],
    ]);
  }));
