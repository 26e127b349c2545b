import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { defaultName, fillPattern, freeDefaultPath, planOutput, promptName } from "./_output_name.ts";

const bytesIn = (text: string) => new TextEncoder().encode(text).byteLength;
const apple = { prompt: "a red apple", seed: 7, index: 0 };
const flags = { force: false, handOver: false };

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("promptName() keeps letters and digits of any script and joins the rest to one -", () => {
  assert.equal(promptName("A red apple, on 2 blue backgrounds!"), "A-red-apple-on-2-blue-backgrounds");
  assert.equal(promptName("../../etc/passwd"), "etc-passwd");
  assert.equal(promptName("ein Würstchen"), "ein-Würstchen");
  assert.equal(promptName("ein Wu\u0308rstchen"), "ein-Würstchen");
  assert.equal(promptName("赤いリンゴ"), "赤いリンゴ");
  assert.equal(promptName("a\nb\u0000c\u001b[31m"), "a-b-c-31m");
});

Deno.test("promptName() falls back on a word", () => {
  for (const prompt of ["", "!!!", "🍎", "---"]) assert.equal(promptName(prompt), "picture");
});

Deno.test("promptName() has at most 60 bytes and never half a character", () => {
  assert.equal(promptName("x".repeat(100)), "x".repeat(60));
  assert.equal(promptName("é".repeat(100)), "é".repeat(30));
  assert.equal(promptName(`x${"é".repeat(100)}`), `x${"é".repeat(29)}`);
  assert.equal(promptName("赤".repeat(100)), "赤".repeat(20));
  assert.equal(promptName("𠮷".repeat(100)), "𠮷".repeat(15));
  assert.equal(promptName(`${"x".repeat(59)} ${"y".repeat(59)}`), "x".repeat(59));
  assert.ok(bytesIn(promptName("a é 赤 𠮷 ".repeat(50))) <= 60);
});

Deno.test("defaultName() joins prompt, seed and extension", () => {
  assert.equal(defaultName(apple, "png"), "a-red-apple-7.png");
  assert.equal(defaultName(apple, "safetensors"), "a-red-apple-7.safetensors");
});

Deno.test("fillPattern() fills prompt, seed and index, and refuses any other word in braces", () => {
  assert.equal(fillPattern("out/{index}-{prompt}-{seed}-{seed}.png", apple), "out/0-a-red-apple-7-7.png");
  assert.equal(fillPattern("{}{1}.png", apple), "{}{1}.png");
  assert.throws(() => fillPattern("{sed}.png", apple), /Expected \{prompt\}, \{seed\} or \{index\} .* found "\{sed\}"/);
  assert.throws(() => fillPattern("{constructor}.png", apple), ConfigError);
});

Deno.test("a taken default name gets -2, then -3", () =>
  inFolder(async (folder) => {
    const paths: string[] = [];
    for (let i = 0; i < 3; i++) {
      const path = await freeDefaultPath(folder, apple, "png");
      await Deno.writeTextFile(path, "");
      paths.push(path.slice(folder.length + 1));
    }
    assert.deepEqual(paths, ["a-red-apple-7.png", "a-red-apple-7-2.png", "a-red-apple-7-3.png"]);
  }));

Deno.test("without --output files go to the folder that the command runs in", async () => {
  assert.deepEqual(await planOutput([apple], flags), { kind: "free", folder: ".", type: "png" });
  assert.deepEqual(await planOutput([apple], { ...flags, format: "webp" }), {
    kind: "free",
    folder: ".",
    type: "webp",
  });
});

Deno.test("--output FOLDER keeps the default names", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await planOutput([apple], { ...flags, output: folder }), { kind: "free", folder, type: "png" });
  }));

Deno.test("the extension of --output decides the format", () =>
  inFolder(async (folder) => {
    const cases = [["a.png", "png"], ["a.JPG", "jpg"], ["a.jpeg", "jpg"], ["a.webp", "webp"]] as const;
    for (const [name, type] of cases) {
      const plan = await planOutput([apple], { ...flags, output: join(folder, name) });
      assert.deepEqual(plan, { kind: "fixed", paths: [join(folder, name)], type });
    }
  }));

Deno.test("a name without an extension gets the one of the format", () =>
  inFolder(async (folder) => {
    for (const name of ["apple", "v1.5", "{prompt}"]) {
      const output = join(folder, name);
      const plan = await planOutput([apple], { ...flags, output, format: "jpg" });
      assert.deepEqual(plan, {
        kind: "fixed",
        paths: [`${output.replace("{prompt}", "a-red-apple")}.jpg`],
        type: "jpg",
      });
    }
  }));

Deno.test("an extension that contradicts --format or is no picture's is refused", () =>
  inFolder(async (folder) => {
    const refuse = (name: string, format?: "png" | "jpg") =>
      assert.rejects(planOutput([apple], { ...flags, output: join(folder, name), format }), ConfigError);
    await refuse("a.png", "jpg");
    await refuse("a.gif");
    await refuse("a.gif", "png");
    await refuse("a.safetensors");
  }));

Deno.test("a name that exists is refused unless --force is given", () =>
  inFolder(async (folder) => {
    const output = join(folder, "a.png");
    await Deno.writeTextFile(output, "");
    await assert.rejects(planOutput([apple], { ...flags, output }), /it exists, use --force/);
    assert.equal((await planOutput([apple], { ...flags, output, force: true })).kind, "fixed");
    await Deno.mkdir(join(folder, "b.png"));
    await assert.rejects(
      planOutput([apple], { ...flags, output: join(folder, "b.png", "..", "c", "d.png") }),
      /folder .* to exist/,
    );
  }));

Deno.test("a device is no place for a file, nor for one with its name and an extension", async () => {
  await assert.rejects(planOutput([apple], { ...flags, output: "/dev/null" }), /not a regular file, use -o -/);
});

Deno.test({
  name: "a folder that cannot be written is found before any work",
  // Not even the superuser can make files there.
  ignore: Deno.build.os !== "linux",
  fn: () => assert.rejects(planOutput([apple], { ...flags, output: "/sys/a.png" }), Deno.errors.PermissionDenied),
});

Deno.test("looking whether a folder can be written leaves nothing in it", () =>
  inFolder(async (folder) => {
    await planOutput([apple], { ...flags, output: join(folder, "a.png") });
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("several pictures need names that differ", () =>
  inFolder(async (folder) => {
    const two = [apple, { ...apple, index: 1 }];
    await assert.rejects(planOutput(two, { ...flags, output: join(folder, "a.png") }), /add \{index\}/);
    await assert.rejects(planOutput(two, { ...flags, output: join(folder, "{prompt}-{seed}.png") }), /add \{index\}/);
    const plan = await planOutput(two, { ...flags, output: join(folder, "{index}.png") });
    assert.deepEqual(plan, { kind: "fixed", paths: [join(folder, "0.png"), join(folder, "1.png")], type: "png" });
  }));

Deno.test("--output - takes one picture and no hand-over", async () => {
  assert.deepEqual(await planOutput([apple], { ...flags, output: "-" }), { kind: "stdout", type: "png" });
  await assert.rejects(planOutput([apple, apple], { ...flags, output: "-" }), /Expected one picture/);
  await assert.rejects(planOutput([apple], { ...flags, output: "-", handOver: true }), /--stop-after/);
});

Deno.test("a hand-over is a safetensors file", () =>
  inFolder(async (folder) => {
    const plan = await planOutput([apple], { ...flags, output: join(folder, "state"), handOver: true });
    assert.deepEqual(plan, { kind: "fixed", paths: [join(folder, "state.safetensors")], type: "safetensors" });
    await assert.rejects(planOutput([apple], { ...flags, output: "a.png", handOver: true }), /\.safetensors/);
    await assert.rejects(planOutput([apple], { ...flags, format: "png", handOver: true }), /no --format/);
  }));

Deno.test({
  name: "a folder in which the system makes no files is named, and so is a name that is too long",
  ignore: Deno.build.os !== "linux",
  async fn() {
    for (const output of ["/proc/x.png", "/proc/self/fd/{index}.png", "/proc"]) {
      await assert.rejects(planOutput([apple], { ...flags, output }), {
        name: "ConfigError",
        message: /^Cannot write to "\/proc.*": no file can be made there \(ENOENT\), choose another$/,
      });
    }
    await inFolder((folder) =>
      assert.rejects(planOutput([apple], { ...flags, output: join(folder, `${"a".repeat(300)}.png`) }), {
        name: "ConfigError",
        message: /the name is too long or not allowed here$/,
      })
    );
  },
});
