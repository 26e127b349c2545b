import assert from "node:assert/strict";
import { join } from "node:path";
import { encodePng } from "../images/png_encode.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import type { DatasetReport } from "../train/data/check.ts";
import { formatDatasetReport } from "./_run_dataset_check.ts";

const none = { count: 0, first: [] };
const sound: DatasetReport = {
  path: "pictures",
  kind: "folder",
  samples: 1500,
  readable: 1500,
  unreadable: none,
  captions: { missing: 0, empty: 0, distinct: 1400, longest: 52 },
  missingImages: none,
  lonelyCaptions: none,
  ignoredFiles: { count: 2, first: ["a.md", "b.md"] },
  duplicates: none,
  sizes: { "640x480": 1000, "64x64": 300, "100x100": 150, "200x90": 50 },
  shorterSides: { 64: 500, 256: 1000 },
  channels: { 3: 1500 },
  depths: { 8: 1500 },
};

Deno.test("formatDatasetReport() shows counts, a histogram and a suggestion", () => {
  assert.equal(
    formatDatasetReport(sound),
    `pictures: a folder, 1,500 samples
readable    1,500 of 1,500
captions    1,500, 1,400 different, at most 52 characters
sizes       640×480 px (1,000), 64×64 px (300), 100×100 px (150) and 1 more
channels    3 (1,500)
bits        8 (1,500)
other files 2, which are not read
short side  64 to 127 px      ███████████████ 500
            256 to 511 px     ██████████████████████████████ 1,000
no problems found
suggestion: train 3 channels at 64×64 px
`,
  );
});

Deno.test("formatDatasetReport() shows problems with names that cannot steer the terminal", () => {
  const report: DatasetReport = {
    ...sound,
    samples: 2,
    readable: 1,
    captions: { missing: 1, empty: 0, distinct: 0, longest: 0 },
    unreadable: { count: 1, first: [{ id: "\x1b[31m.png", reason: "the file is empty" }] },
    ignoredFiles: none,
    sizes: { "640x480": 1 },
    shorterSides: { 256: 1 },
    channels: { 1: 1 },
    depths: { 16: 1 },
  };
  assert.equal(
    formatDatasetReport(report),
    `pictures: a folder, 2 samples
readable    1 of 2
captions    none
sizes       640×480 px (1)
channels    1 (1)
bits        16 (1)
short side  256 to 511 px     ██████████████████████████████ 1
error: unreadable, and training passes over them (1 of 2): \\u{1b}[31m.png (the file is empty)
warning: there is only 1 picture, which can be learnt by heart and no more
warning: no picture has a caption: Stage A can be trained, a text-to-image model cannot
suggestion: train 1 channel at 480×480 px
`,
  );
});

async function check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, "dataset", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("dataset check exits with 0 for sound data, 3 for damage and for a missing folder, 2 for a wrong action", async () => {
  await inTempFolder(async (folder) => {
    const png = encodePng({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
    for (const name of ["sound", "damaged"]) {
      await Deno.mkdir(join(folder, name));
      await Deno.writeFile(join(folder, name, "a.png"), png);
      await Deno.writeTextFile(join(folder, name, "a.txt"), "a");
    }
    await Deno.writeFile(join(folder, "damaged", "b.png"), png.subarray(0, 40));
    const [sound, damaged, missing, wrong] = await Promise.all([
      check("check", join(folder, "sound"), "--json"),
      check("check", join(folder, "damaged")),
      check("check", join(folder, "none")),
      check("mend", folder),
    ]);
    assert.equal(sound.code, 0, sound.err);
    assert.deepEqual(JSON.parse(sound.out).channels, { 1: 1 });
    assert.equal(damaged.code, 3);
    assert.match(damaged.out, /^error: unreadable.*b\.png \(/m);
    assert.match(damaged.err, /^error: .*: the data set has a fault: mend or remove what is listed\n$/);
    assert.equal(missing.code, 3);
    assert.match(missing.err, /there is no such file or folder\n$/);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /Expected <action> to be check but found "mend"/);
  });
});
