import assert from "node:assert/strict";
import { join } from "node:path";
import { readPictureMetadata } from "../pipeline/metadata.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { tinyModel } from "../tests/tiny_model.ts";

const tiny = ["--model", tinyModel, "-W", "64", "-H", "64", "--steps", "1", "--decoder-steps", "1", "-s", "1", "-q"];

async function run(args: readonly string[], { cwd }: { cwd: string }) {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("--post changes pictures in order and decides their file type; -C repeats it and --no-post does not", async () => {
  await inTempFolder(async (cwd) => {
    const post = ["--post", "resize:width=40,height=30", "--post", "sharpen:amount=1", "--post", "format:type=webp"];
    const painted = await run(["generate", "a fox", ...tiny, ...post], { cwd });
    assert.equal(painted.code, 0, painted.err);
    assert.equal(painted.out, "a-fox-1.webp\n");
    const bytes = await Deno.readFile(join(cwd, "a-fox-1.webp"));
    const names = readPictureMetadata(bytes).options.post!.map(({ name }) => name);
    assert.deepEqual(names, ["resize", "sharpen", "format"]);

    const [again, without, refused] = await Promise.all([
      run(["generate", "-C", "a-fox-1.webp", "-q", "-o", "again.webp"], { cwd }),
      run(["generate", "-C", "a-fox-1.webp", "-q", "--no-post", "--json", "-o", "plain"], { cwd }),
      run(["generate", "x", ...tiny, "--post", "sharpen:amount=lots"], { cwd }),
    ]);
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(await Deno.readFile(join(cwd, "again.webp")), bytes);
    assert.equal(without.code, 0, without.err);
    assert.equal(JSON.parse(without.out).runs[0].options.post, undefined);
    assert((await Deno.stat(join(cwd, "plain.png"))).isFile);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /^error: post-processor sharpen: "amount": Expected a number but found "lots"\n$/);
  });
});
