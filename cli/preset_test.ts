import assert from "node:assert/strict";
import { join } from "node:path";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { presetNames, presets } from "../pipeline/presets.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";

async function run(args: readonly string[], { cwd }: { cwd: string }) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("--preset is what a picture is painted with, flags win over it, and it wins over -C; info shows them all", async () => {
  await inTempFolder(async (cwd) => {
    const first = ["generate", "a fox", "--model", tinyModel, "-W", "64", "-H", "64", "-s", "1", "-q", "-o", "a.png"];
    const painted = await run([...first, "--preset", "balanced", "--prior-steps", "1", "--decoder-steps", "1"], {
      cwd,
    });
    assert.equal(painted.code, 0, painted.err);
    const a = readPictureMetadata(await Deno.readFile(join(cwd, "a.png")));
    assert.deepEqual([a.options.priorSteps, a.options.priorScheduler?.name], [1, presets.balanced.prior.scheduler]);
    assert.deepEqual(a.options.priorGuidanceSchedule, presets.balanced.prior.guidanceSchedule);

    const [again, info, neither] = await Promise.all([
      run(["generate", "-C", "a.png", "--preset", "quality", "--prior-steps", "2", "-q", "-o", "b.png"], { cwd }),
      run(["info", "--presets"], { cwd }),
      run(["info"], { cwd }),
    ]);
    assert.equal(again.code, 0, again.err);
    const { options } = readPictureMetadata(await Deno.readFile(join(cwd, "b.png")));
    assert.deepEqual([options.priorSteps, options.decoderSteps], [2, presets.quality.decoder.steps]);
    assert.equal(options.priorGuidanceSchedule, undefined);
    for (const name of presetNames) assert.match(info.out, new RegExp(`^${name} +Stage C \\d+ steps`, "m"));
    assert.equal(neither.code, 2);
    assert.match(neither.err, /Expected a picture or --presets but found neither/);
  });
});
