import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeImage } from "../images/codec.ts";
import { commandLine } from "../tests/command_line.ts";
import { inTempFolder } from "../tests/in_temp_folder.ts";
import { loraFile } from "../tests/lora_fixture.ts";
import { tinyModel } from "../tests/tiny_model.ts";

const tiny = ["--model", tinyModel, "-W", "64", "-H", "64", "--steps", "1", "--decoder-steps", "1", "-t", "1"];

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return await runIn(Deno.cwd(), ...args);
}

async function runIn(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [command, ...first] = commandLine();
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...first, ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

async function paint(path: string, ...args: string[]): Promise<{ pixels: Uint8Array; err: string }> {
  const { code, err } = await run("generate", ...args, "-o", path, "--force");
  assert.equal(code, 0, err);
  return { pixels: (await decodeImage(await Deno.readFile(path))).data, err };
}

Deno.test("--lora changes the picture, which says so, and -C paints it again or tells what has changed", () =>
  inTempFolder(async (folder) => {
    // A colon in the path belongs to it.
    const [first, second] = [join(folder, "a:b.safetensors"), join(folder, "c.safetensors")];
    const everything = loraFile("everything/pytorch_lora_weights.safetensors");
    await Deno.copyFile(everything, first);
    await Deno.copyFile(loraFile("kohya/lora.safetensors"), second);
    const file = (name: string) => join(folder, name);
    const [plain, changed] = await Promise.all([
      paint(file("plain.png"), "a dog", ...tiny, "-s", "1"),
      paint(file("lora.png"), "a dog", ...tiny, "-s", "1", "--lora", `${first}:0.5`, "--lora", second),
    ]);
    assert.notDeepEqual(changed.pixels, plain.pixels);
    const { out } = await run("info", file("lora.png"));
    assert.match(out, /^LoRA +.*a:b\.safetensors:0\.5$/m);
    assert.match(out, /^LoRA +.*c\.safetensors:1$/m);

    const [again, overruled] = await Promise.all([
      paint(file("again.png"), "-C", file("lora.png")),
      paint(file("other.png"), "-C", file("lora.png"), "--lora", `${first}:0`),
    ]);
    assert.deepEqual(again.pixels, changed.pixels);
    assert.doesNotMatch(again.err, /LoRA/);
    assert.deepEqual(overruled.pixels, plain.pixels);
    assert.match(overruled.err, /a:b\.safetensors at 0 and not 0\.5, .*c\.safetensors is missing/);

    await Deno.copyFile(everything, second);
    const { pixels, err } = await paint(file("changed.png"), "-C", file("lora.png"));
    assert.notDeepEqual(pixels, changed.pixels);
    assert.match(err, /the LoRAs are not those that painted the picture \(.*c\.safetensors has changed\)/);

    await Deno.remove(second);
    const gone = await run("generate", "-C", file("lora.png"), "-o", file("gone.png"));
    assert.equal(gone.code, 3, gone.err);
    assert.match(
      gone.err,
      /lora\.png: was made with the LoRA ".*c\.safetensors" \(sha256 "\w{64}"\), which is not there/,
    );
  }));

Deno.test("-C finds a LoRA that was named from another folder", () =>
  inTempFolder(async (folder) => {
    for (const name of ["loras", "elsewhere"]) await Deno.mkdir(join(folder, name));
    await Deno.copyFile(loraFile("kohya/lora.safetensors"), join(folder, "loras", "c.safetensors"));
    const picture = join(folder, "a.png");
    const lora = ["--lora", "c.safetensors", "-o", picture];
    const first = await runIn(join(folder, "loras"), "generate", "a dog", ...tiny, "-s", "1", ...lora);
    assert.equal(first.code, 0, first.err);
    const again = await runIn(join(folder, "elsewhere"), "generate", "-C", picture, "-o", "b.png");
    assert.equal(again.code, 0, again.err);
    assert.doesNotMatch(again.err, /LoRA/);
    const pixels = async (...path: string[]) => (await decodeImage(await Deno.readFile(join(folder, ...path)))).data;
    assert.deepEqual(await pixels("elsewhere", "b.png"), await pixels("a.png"));
  }));

Deno.test("a LoRA of another model, and a scale out of its range, are one line each", async () => {
  const [other, strong] = await Promise.all([
    run("generate", "a dog", "--lora", loraFile("plain/pytorch_lora_weights.safetensors")),
    run("generate", "a dog", ...tiny, "--lora", "a:1000"),
  ]);
  assert.equal(other.code, 3, other.err);
  assert.match(other.err, /^[^\n]*plain\/pytorch_lora_weights\.safetensors[^\n]*\n$/);
  assert.equal(strong.code, 2, strong.err);
  assert.match(strong.err, /^[^\n]*Expected the scale of --lora to be from -100 to 100 but found "a:1000"[^\n]*\n/);
});
