import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeImage } from "../../images/codec.ts";
import { decodePngSamples } from "../../images/png_decode.ts";
import { inTempFolder } from "../../tests/in_temp_folder.ts";
import { parseLog } from "../../train/report/log_line.ts";
import { side } from "./draw.ts";
import { lookAt, type Outline } from "./look.ts";
import { moons } from "./moon.ts";
import { paintMoons } from "./show.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The commands of the README, in their order. */
async function commandsOfReadme(): Promise<string[]> {
  const text = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.flatMap((block) => block.trimEnd().split("\n")).map((line) => line.replace(/\s+#.*$/, ""));
}

/** Runs a command of the README in a folder that has the configuration where the repository has it. */
async function runCommand(command: string, { cwd }: { cwd: string }): Promise<string> {
  const [program, ...words] = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
  const args = program === "wuerstchen"
    ? ["run", "--no-check", "-A", join(root, "cli/main.ts"), ...words]
    : words.map((word) => word.endsWith(".ts") ? join(root, word) : word);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.ok(success, `${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

Deno.test("the tutorial's commands train a model of 16-bit pictures whose loss falls and whose pictures are moons", () =>
  inTempFolder(async (cwd) => {
    const config = join(cwd, "examples", "moons", "train.jsonc");
    await Deno.mkdir(dirname(config), { recursive: true });
    await Deno.copyFile(new URL("train.jsonc", import.meta.url), config);
    const commands = await commandsOfReadme();
    assert.ok(commands.length >= 5, "README.md has the commands");
    for (const command of commands) await runCommand(command, { cwd });

    const first = decodePngSamples(await Deno.readFile(join(cwd, "out", "moons", "0000.png")));
    assert.ok(first.data instanceof Uint16Array);

    const { lines, unread } = parseLog(await Deno.readTextFile(join(cwd, "out", "moons-run", "log.jsonl")));
    assert.equal(unread, 0);
    for (const name of ["stageA", "stageB", "stageC"] as const) {
      const losses = lines.flatMap((line) => line.type === "step" && line.phase === name ? [line.loss!] : []);
      assert.ok(losses.at(-1)! < losses[0]! / 3, `${name}: ${losses.join(", ")}`);
      const psnr = lines.findLast((line) => line.type === "sample" && line.phase === name);
      assert.ok(psnr?.type === "sample");
      const least = { stageA: 27, stageB: 23, stageC: undefined }[name];
      if (least !== undefined) assert.ok(psnr.psnr! >= least, `${name}: ${psnr.psnr} dB`);
    }

    const { width, height } = await decodeImage(await Deno.readFile(join(cwd, "out", "moon.png")));
    assert.deepEqual([width, height], [side, side]);
    const seen = (await paintMoons(join(cwd, "out", "moons-run", "model"))).map(({ data }) => lookAt(data));
    const agree = (key: keyof Outline) => moons.filter((moon, i) => seen[i]?.[key] === moon[key]).length;
    const right = { size: agree("size"), phase: agree("phase"), light: agree("light") };
    for (const count of Object.values(right)) assert.ok(count >= 0.8 * moons.length, JSON.stringify(right));
  }));
