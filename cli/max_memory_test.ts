import assert from "node:assert/strict";
import { join } from "node:path";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";

const tiny = ["generate", "a fox", "--model", tinyModel, "--steps", "1", "--decoder-steps", "1", "-s", "1"];

async function run(args: readonly string[], { cwd, env = {} }: { cwd: string; env?: Record<string, string> }) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...tiny, ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("--max-memory says what it took to fit, and the picture remembers it", async () => {
  await inTempFolder(async (cwd) => {
    const size = ["-W", "64", "-H", "64"];
    const [fitting, refused, variable, both, tiled] = await Promise.all([
      run([...size, "--max-memory", "2GiB", "-o", "a.png"], { cwd }),
      run([...size, "--max-memory", "100MB"], { cwd }),
      run(size, { cwd, env: { WUERSTCHEN_MAX_MEMORY: "0.1GB" } }),
      run(["--max-memory", "1GB", "--ignore-memory"], { cwd }),
      run(["-W", "128", "-H", "128", "--tile", "100", "--batch-size", "1", "-o", "b.png", "--json"], { cwd }),
    ]);
    assert.equal(fitting.code, 0, fitting.err);
    assert.match(fitting.err, /^memory: about \d+ MB of 2\.1 GB \([\w ]+\)$/m);
    for (const { code, err } of [refused, variable]) {
      assert.equal(code, 5, err);
      assert.match(err, /needs about \d+ MB of memory, and at the least \d+ MB .*, but maxMemory is 100 MB/);
    }
    assert.equal(both.code, 2, both.err);
    assert.equal(tiled.code, 0, tiled.err);
    assert.equal(JSON.parse(tiled.out).runs[0].options.tile, 100);
    const { options } = readPictureMetadata(await Deno.readFile(join(cwd, "b.png")));
    assert.deepEqual([options.tile, options.batchSize], [100, 1]);
  });
});
